"""The common setting `subject`: who is shown is stated, never guessed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heelstrike.errors import UserError
from pipeline.annotations import read_table
from pipeline.collect.findings import Findings
from pipeline.collect.stage import run
from pipeline.collect.subjects import refuse_unstated, subjects_of


def subjects(setting, *media: str, **columns: list) -> list[str]:
    """The subjects of media, whose label file has the columns."""
    findings = Findings("labels.csv")
    offered = pd.DataFrame(columns, index=range(len(media)), dtype=object)
    rows = pd.Series([f"row {n}" for n in range(len(media))])
    result = subjects_of(setting, pd.Series(media, dtype="str"), offered, rows, findings)
    findings.raise_any()
    return result.tolist()


def source_of(make_params, subject, **settings):
    """The settings of a COCO source, validated as params.yaml is."""
    return make_params({"kind": "coco", "subject": subject, **settings}).collect.sources[0]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (None, ["0001-0123456789/anna/1.png", "0001-0123456789/bo/2.png"]),
        ("image", ["0001-0123456789/anna/1.png", "0001-0123456789/bo/2.png"]),
        ("folder", ["anna", "bo"]),
        ({"pattern": r"([0-9]+)\.png"}, ["1", "2"]),
        ({"pattern": r"^([a-z]+)/(?P<subject>[0-9])"}, ["1", "2"]),  # the batch's folder is no part of the path
        ("who", ["7", "Zoë"]),  # a number of JSON, a name in the other normal form
        ({"column": "image"}, ["x", "y"]),
    ],
)
def test_each_form_of_the_setting(make_params, subject, expected) -> None:
    setting = source_of(make_params, subject).subject
    media = "0001-0123456789/anna/1.png", "0001-0123456789/bo/2.png"
    assert subjects(setting, *media, who=[7, " Zoe\u0308"], image=["x", "y"]) == expected


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ({"pattern": "(a"}, r"toy.collect.sources.0.subject.pattern: not a regular expression \(missing \)"),
        ({"pattern": "a"}, "toy.collect.sources.0.subject.pattern: has no group"),
        ({"regex": "(a)"}, "toy.collect.sources.0.subject"),
        ("", "toy.collect.sources.0.subject"),
        (3, "toy.collect.sources.0.subject"),
    ],
)
def test_a_setting_that_cannot_be_meant(make_params, subject, message) -> None:
    with pytest.raises(UserError, match=message):
        source_of(make_params, subject)


def test_a_path_without_the_pattern_an_empty_cell_and_a_missing_column(make_params) -> None:
    pattern = source_of(make_params, {"pattern": "(patient_[0-9]+)"}).subject
    with pytest.raises(UserError, match=r"row 1: the path 'b/2.png' does not match the pattern '.patient_"):
        subjects(pattern, "patient_1/1.png", "b/2.png")
    with pytest.raises(UserError, match="row 1: 'who' is empty, expected the subject"):
        subjects("who", "1.png", "2.png", who=["a", None])
    with pytest.raises(UserError, match=r"no column or key 'who'.*found \['name'\].*subject: folder"):
        subjects("who", "1.png", name=["a"])


def test_images_of_one_folder_are_not_taken_for_different_people() -> None:
    findings = Findings("coco")
    files = [["a/frame_1.png"], ["a/frame_2.png", "b/x.png"]]  # a label file for each image is the same
    refuse_unstated([pd.DataFrame({"media": names, "subject": names, "frame": -1}) for names in files], findings)
    assert findings.count == 1
    assert (
        "images of one folder or series would be different subjects, 2 of a (frame_1.png, frame_2.png, ...), and"
        in findings.text()
    )
    one = pd.DataFrame({"media": ["a/1.png", "a/2.png", "v/1.mp4", "v/2.mp4"], "subject": ["p", "p", "q", "r"]})
    refuse_unstated([one.assign(frame=[-1, -1, 0, 0])], nothing := Findings("csv"))
    assert not nothing.count


@pytest.mark.parametrize(
    ("media", "refused"),
    [
        (["frame_08.png", "frame_09.png"], True),  # one series
        (["IMG_1.JPG", "portrait.png", "IMG_2.JPG"], True),
        (["0001-0123456789/IMG_1.JPG", "0002-0123456789/IMG_2.JPG"], True),  # batches are no folders of people
        (["0.png", "1.png", "2.png"], False),  # numbers alone name people as well as frames
        (["anna.png", "bo.png"], False),
        (["a/1.png", "b/1.png"], False),  # a folder for each
        (["a/1.png", "a/2.png", "b/1.png"], True),
    ],
)
def test_only_what_may_belong_together_is_questioned(media: list[str], refused: bool) -> None:
    findings = Findings("coco")
    table = pd.DataFrame({"media": media, "subject": media, "frame": -1})
    assert refuse_unstated([table], findings) == len(media)
    assert (findings.count == 1) is refused


def test_frames_of_two_people_are_two_subjects(layout, make_params) -> None:
    images, annotations = [], []
    for number in range(6):
        name = f"patient_{number % 2}/frame_{number:06d}.PNG"
        path = layout.raw / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((20, 30, 3), 40 * number, np.uint8)).save(path)
        images.append({"id": number, "file_name": name})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "keypoints": [3, 4, 2, 5, 6, 2]})
    categories = [{"id": 1, "name": "x", "keypoints": ["left", "right"]}]
    export = {"images": images, "annotations": annotations, "categories": categories}
    (layout.raw / "person_keypoints_default.json").write_text(json.dumps(export))
    with pytest.raises(UserError, match=r"3 of patient_0 .*, 3 of patient_1 .*`subject: folder`.*`subject: image`"):
        run(make_params({"kind": "coco"}), layout)
    for subject, count in (("folder", 2), ("image", 6), ({"pattern": "(patient_.)/"}, 2)):
        run(make_params({"kind": "coco", "subject": subject}), layout)
        table = read_table(Path(layout.out("collect")) / "annotations.parquet", ("left", "right"))
        assert table["subject"].nunique() == count
