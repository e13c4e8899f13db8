"""Tables of points: several annotators, real data."""

from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of, observers_of
from pipeline.collect.readers import landmarks, via
from pipeline.collect.table_sources import LandmarksSource
from pipeline.collect.tool_sources import ViaSource
from pipeline.problem import Problem

TABLE = """image,annotator,landmark,x,y
i.png,A,a,0,0
i.png,B,a,6,8
i.png,C,a,100,0
i.png,A,b,10,10
i.png,B,b,,
"""


def read(folder: Path, keypoints: tuple[str, ...] = ("a", "b"), **settings: object):
    (folder / "i.png").write_bytes(b"not opened")
    (folder / "labels.csv").write_text(TABLE)
    source = LandmarksSource.model_validate(
        {"kind": "landmarks", "annotator": "annotator", "zero_points": "keep"} | settings
    )
    return landmarks.read(folder / "labels.csv", folder, source, Problem(keypoints=keypoints))


def test_mean_of_those_asked_for_and_their_distance(tmp_path: Path) -> None:
    labels = read(tmp_path, annotators=["A", "B"])
    xy, _ = keypoints_of(labels.table, ("a", "b"))
    np.testing.assert_array_equal(xy[0], [[3, 4], [10, 10]])
    np.testing.assert_array_equal(observers_of(labels.table, ("a", "b"))[0], [10, np.nan])
    assert labels.dropped["its annotator is not one of those asked for"] == ["labels.csv:4"]


def test_one_persons_zero_does_not_pull_the_mean(tmp_path: Path) -> None:
    xy, _ = keypoints_of(read(tmp_path, annotators=["A", "B"], zero_points="missing").table, ("a", "b"))
    np.testing.assert_array_equal(xy[0], [[6, 8], [10, 10]])
    xy, _ = keypoints_of(read(tmp_path, annotators=["A", "B"], zero_points="error").table, ("a", "b"))
    np.testing.assert_array_equal(xy[0], [[0, 0], [10, 10]])  # which the check of all readers refuses


def test_one_person_beside_the_distance_of_all(tmp_path: Path) -> None:
    table = read(tmp_path, annotators=["A"], observers=["A", "B", "C"]).table
    np.testing.assert_array_equal(keypoints_of(table, ("a", "b"))[0][0], [[0, 0], [10, 10]])
    expected = np.mean([10, 100, np.hypot(94, 8)])
    assert observers_of(table, ("a", "b"))[0, 0] == pytest.approx(expected)


def test_each_person_a_truth_of_its_own(tmp_path: Path) -> None:
    table = read(tmp_path, annotators=["A", "B"], combine="separate").table
    assert table["instance"].tolist() == [0, 1]
    assert table["source"].tolist() == ["labels.csv (A):2", "labels.csv (B):2"]
    xy, visibility = keypoints_of(table, ("a", "b"))
    np.testing.assert_array_equal(xy[:, 0], [[0, 0], [6, 8]])
    assert visibility.tolist() == [[2, 2], [2, 0]]


def test_the_exam_is_a_column(tmp_path: Path) -> None:
    assert read(tmp_path, exam="annotator", annotators=["A"]).table["exam"].tolist() == ["A"]
    assert "exam" not in read(tmp_path).table
    with pytest.raises(UserError, match="column 'series' is missing"):
        read(tmp_path, exam="series")


def test_one_image_under_two_spellings_is_one_instance(tmp_path: Path) -> None:
    (tmp_path / "0.png").touch()
    (tmp_path / "labels.csv").write_text("image,landmark,x,y\n0.png,a,1,2\n./0.png,b,3,4\n")
    source = LandmarksSource(kind="landmarks", subject="image")
    table = landmarks.read(tmp_path / "labels.csv", tmp_path, source, Problem(keypoints=("a", "b"))).table
    assert table[["media", "a_x", "b_x"]].to_numpy().tolist() == [["0.png", 1, 3]]


def test_an_unknown_annotator_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no row of 'D'; found \['A', 'B', 'C'\]"):
        read(tmp_path, annotators=["D"])


def test_cephalometric(datasets: Path) -> None:
    folder = datasets / "cephalometric-isbi2015"
    source = LandmarksSource.model_validate(
        {"kind": "landmarks", "images": "images", "annotator": "annotator", "annotators": ["senior", "junior"]}
    )
    names = ("sella", "nasion", "upper_incisor_tip", "soft_tissue_pogonion")
    table = landmarks.read(folder / "labels.csv", folder, source, Problem(keypoints=names)).table
    assert len(table) == 75
    apart = 0.1 * observers_of(table, names).mean(axis=0)
    assert 0.2 < apart[2] < 1.0 and apart[3] > 3  # millimetres; the README's best and worst landmark


def test_via_samples(datasets: Path) -> None:
    folder = datasets / "format-samples"
    names = ("disc_top", "disc_bottom", "fovea")
    for file, count in (("project_points_1000img.json", 1000), ("export_points_1000img.csv", 1000)):
        source = ViaSource.model_validate({"kind": "via", "name": None})
        with pytest.raises(UserError, match=r"SHUF00000\.jpg is not there"):
            via.read(folder / "via2" / file, folder, source, Problem(keypoints=names))
        skipped = source.model_copy(update={"missing_images": "skip"})
        labels = via.read(folder / "via2" / file, folder, skipped, Problem(keypoints=names))
        assert len(labels.dropped["the image or video is not there"]) >= count - 50
    for file in ("unit_test_annotation.csv", "unit_test_points_ellipse.json"):
        source = ViaSource.model_validate(
            {"kind": "via", "name": "name", "keypoints": {"dot": 'red "dot"'}, "missing_images": "skip"}
        )
        labels = via.read(folder / "via1" / file, folder, source, Problem(keypoints=("dot",)))
        assert labels.dropped["a region that is not a point"]


def test_via_footprints(datasets: Path) -> None:
    folder = datasets / "footprint-podiatech"
    source = ViaSource.model_validate(
        {"kind": "via", "labels": "via_export_json.json", "images": "images", "instance": "foot", "slices": ["foot"]}
    )
    names = ("heel_posterior", "forefoot_medial", "forefoot_lateral")
    table = via.read(folder / "via_export_json.json", folder, source, Problem(keypoints=names)).table
    assert len(table) == 14 and sorted(table["slice_foot"].unique()) == ["left", "right"]
    assert table.loc[0, ["heel_posterior_x", "heel_posterior_y"]].tolist() == [778, 3466]
