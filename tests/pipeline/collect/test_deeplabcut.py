"""Real files of DeepLabCut and lightning-pose users, and cases that only this format has."""

import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.readers.deeplabcut import read
from pipeline.collect.settings import DeepLabCutSource
from pipeline.problem import Problem

SPARSE = DeepLabCutSource(kind="deeplabcut", missing_images="skip")


def test_mirror_mouse(datasets):
    root = datasets / "mirror-mouse"
    source = DeepLabCutSource(kind="deeplabcut", subject="image", bodyparts={"nose": "nose_top"})
    table = read(
        root / "CollectedData.csv", root, source, Problem(keypoints=("paw1LH_top", "nose", "tailBase_top"))
    ).table
    assert len(table) == 90
    assert table["subject"].nunique() == 90
    xy, visibility = keypoints_of(table, ("paw1LH_top", "nose", "tailBase_top"))
    assert xy[0, 1].tolist() == [390.75, 24.25]
    assert visibility[0].tolist() == [2, 2, 0]


def test_all_points_of_mirror_mouse_are_counted(datasets):
    path = datasets / "mirror-mouse" / "CollectedData.csv"
    names = tuple(dict.fromkeys(path.read_text().split("\n")[1].split(",")[1:]))
    _, visibility = keypoints_of(read(path, path.parent, SPARSE, Problem(keypoints=names)).table, names)
    assert visibility.shape == (90, 17)
    assert int((visibility == 0).sum()) == 134


def test_a_published_project(datasets):
    folder, names = datasets / "dlc-openfield" / "labeled-data" / "m4s1", ("snout", "leftear", "rightear", "tailbase")
    problem = Problem(keypoints=names)
    labels = read(folder / "CollectedData_Pranav.csv", datasets, SPARSE, problem)
    assert keypoints_of(labels.table, names)[0].shape == (29, 4, 2)
    assert len(labels.dropped["the image or video is not there"]) == 87
    # the first versions of DeepLabCut wrote a format whose names are pickled
    with pytest.raises(UserError, match=r"CollectedData_Pranav.h5: .*; use the CSV beside it"):
        read(folder / "CollectedData_Pranav.h5", datasets, SPARSE, problem)
    subset = read(
        folder / "subset_with_images.csv", datasets, DeepLabCutSource(kind="deeplabcut"), Problem(keypoints=names)
    )
    assert subset.table["media"].tolist() == labels.table["media"].tolist()
    assert set(subset.table["subject"]) == {"m4s1"}


def test_missing_images_are_an_error_by_default(datasets):
    path = datasets / "dlc-openfield" / "labeled-data" / "m4s1" / "CollectedData_Pranav.csv"
    with pytest.raises(UserError, match=r"img0001\.png is not there.*missing_images: skip") as caught:
        read(path, datasets, DeepLabCutSource(kind="deeplabcut"), Problem(keypoints=("snout",)))
    assert str(caught.value).endswith("and 67 more")


def test_several_animals(datasets):
    folder = datasets / "format-samples" / "dlc" / "multi_dataset_video1"
    labels = read(folder / "dlc_dataset_1.csv", datasets, SPARSE, Problem(keypoints=("A", "B", "C")))
    table = labels.table
    first = table[table["media"].str.endswith("img000.jpg")]
    assert first["instance"].tolist() == [0, 1]
    assert first["A_x"].tolist() == [0, 6]


@pytest.mark.parametrize(
    "name", ["madlc_testdata.csv", "madlc_testdata_v2.csv", "maudlc_testdata.csv", "maudlc_testdata_v2.csv",
             "dlc_testdata.csv", "dlc_testdata_v2.csv", "CollectedData_LM.csv"],
)  # fmt: skip
def test_headers_of_every_age(datasets, name):
    path = datasets / "format-samples" / "dlc" / name
    labels = read(path, path.parent, SPARSE, Problem(keypoints=("A", "B")))
    listed = [row for rows in labels.dropped.values() for row in rows]
    assert len(labels.table) == 0
    assert any("labeled-data/video/img000.png" in row for row in listed)


def test_likelihoods_are_ignored_and_said_to_be(datasets):
    path = datasets / "format-samples" / "dlc" / "horse_machinelabels.csv"
    labels = read(path, path.parent, SPARSE, Problem(keypoints=("nose", "poll")))
    assert labels.notes == [
        "horse_machinelabels.csv: likelihood columns are ignored, every point with x and y counts as labelled"
    ]


def test_individuals_without_the_body_parts_are_noted(datasets):
    path = datasets / "format-samples" / "dlc" / "CollectedData_LM.csv"
    assert "individual 'single' is not used" in read(path, path.parent, SPARSE, Problem(keypoints=("A", "B"))).notes[0]
    with pytest.raises(UserError, match=r"body parts \['Z'\] .*are missing; found \['A', 'B', 'C'\]"):
        read(path, path.parent, SPARSE, Problem(keypoints=("A", "Z")))
