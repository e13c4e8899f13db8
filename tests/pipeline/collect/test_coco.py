"""Real COCO keypoint files, and cases that only this format has."""

import json
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.labels import Labels
from pipeline.collect.readers.coco import read
from pipeline.collect.settings import CocoSource
from pipeline.problem import Problem


def test_rearfoot_photographs(datasets):
    root = datasets / "rearfoot-rfa"
    source = CocoSource(kind="coco", images="images", subject="subject", keypoints={"upper": "achilles"})
    table = read(root / "coco_keypoints.json", root, source, Problem(keypoints=("calcaneus", "upper"))).table
    assert len(table) == 14
    assert table["media"].nunique() == 10
    assert set(table["subject"]) == {"Bar", "Fab", "Ghif"}
    both = table[table["media"] == "images/Bar_14_49_06.jpg"]
    assert both["instance"].tolist() == [0, 1]
    assert keypoints_of(both, ("calcaneus", "upper"))[0][0].tolist() == [[609.43, 889.63], [623.44, 662.36]]


def test_persons_of_coco(datasets):
    root = datasets / "format-samples" / "coco" / "mmpose_coco"
    labels = read(root / "test_coco.json", root, CocoSource(kind="coco"), Problem(keypoints=("nose", "left_eye")))
    assert len(labels.table) + sum(map(len, labels.dropped.values())) == 14
    assert set(labels.dropped) == {"nothing is labelled"}


def test_crowds_are_listed(datasets):
    root = datasets / "format-samples" / "coco"
    source = CocoSource(kind="coco", missing_images="skip")
    labels = read(root / "datumaro_person_keypoints_val.json", root, source, Problem(keypoints=("a_1", "a_3")))
    assert len(labels.dropped["a crowd is labelled, not one instance"]) == 1


@pytest.fixture
def good(tmp_path):
    (tmp_path / "x.png").write_bytes(b"")
    return {
        "images": [{"id": 7, "file_name": "x.png"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "keypoints": [1, 2, 2, 3, 4, 1]}],
        "categories": [{"id": 3, "name": "leg", "keypoints": ["a", "b"]}],
    }


def parse(tmp_path, data, **settings):
    (tmp_path / "l.json").write_text(json.dumps(data))
    return read(tmp_path / "l.json", tmp_path, CocoSource(kind="coco", **settings), Problem(keypoints=("a", "b")))


def test_hidden_points_keep_their_place(tmp_path, good):
    xy, visibility = keypoints_of(parse(tmp_path, good).table, ("a", "b"))
    assert xy.tolist() == [[[1, 2], [3, 4]]]
    assert visibility.tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": [1, 2, 2, 3, 4]}, "annotation 1: keypoints has 5 values"),
        ({"keypoints": [1, 2, 2]}, "annotation 1: keypoints has 3 values"),
        ({"keypoints": [1, "2", 2, 3, 4, 2]}, "annotation 1: keypoints holds '2', expected numbers"),
        ({"keypoints": [1, 2, 2, 3, 4, 5]}, "annotation 1: visibility 5 in keypoints, expected 0, 1 or 2"),
        ({"image_id": 8}, "annotation 1: image_id 8 is not among images"),
    ],
)
def test_bad_annotations(tmp_path, good, change, message):
    good["annotations"][0] |= change
    with pytest.raises(UserError) as caught:
        parse(tmp_path, good)
    assert f"l.json: {message}" in str(caught.value)


def test_repeated_annotation(tmp_path, good):
    good["annotations"].append(good["annotations"][0] | {"id": 2})
    with pytest.raises(UserError, match="annotation 2: repeats annotation 1"):
        parse(tmp_path, good)


def test_missing_keys_subject_and_double_ids(tmp_path, good):
    with pytest.raises(UserError, match="no column or key 'person', which names the subject"):
        parse(tmp_path, good, subject="person")
    good["images"].append({"id": 7, "file_name": "y.png"})
    with pytest.raises(UserError, match="image id 7 occurs twice"):
        parse(tmp_path, good)
    del good["annotations"][0]["image_id"]
    with pytest.raises(UserError, match=r"annotations\[0\]: lacks \['image_id'\]"):
        parse(tmp_path, good)


GOOD = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [1, 2, 2]}


def labels_of(folder: Path, **parts: list[Any]) -> Labels:
    """Read a COCO file of one keypoint, of which parts are given."""
    (folder / "1.png").write_bytes(b"not opened by readers")
    data = {
        "images": [{"id": 1, "file_name": "1.png"}],
        "categories": [{"id": 1, "name": "x", "keypoints": ["a"]}],
        "annotations": [GOOD],
    }
    (folder / "coco.json").write_text(json.dumps(data | parts))
    return read(folder / "coco.json", folder, CocoSource(kind="coco"), Problem(keypoints=("a",)))


@pytest.mark.parametrize("value", [float("nan"), "1", True, None, 10**400, [1]])
def test_coordinates_that_are_no_numbers(tmp_path: Path, value) -> None:
    with pytest.raises(UserError, match=r"annotation 1: keypoints holds .*, expected numbers"):
        labels_of(tmp_path, annotations=[GOOD | {"keypoints": [value, 2, 2]}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": [GOOD | {"id": [1]}]}, r"annotations\[0\]: id is \[1\], expected a number or a text"),
        ({"annotations": [GOOD | {"category_id": {}}]}, r"annotations\[0\]: category_id is {}"),
        ({"annotations": [GOOD, GOOD]}, "annotations: the ids 1 occur more than once"),
        ({"annotations": [GOOD | {"image_id": 9}]}, "image_id 9 is not among"),
        ({"annotations": [GOOD | {"keypoints": [1, 2, 3]}]}, "visibility 3"),
        ({"categories": [{"id": 1, "name": "x", "keypoints": "a"}]}, "keypoints is 'a', expected a list"),
        ({"categories": [{"id": 1, "name": n, "keypoints": ["a"]} for n in "xy"]}, "categories: the ids 1 occur"),
        ({"categories": [{"id": 1, "name": "x", "keypoints": ["a", "a"]}]}, "a.* twice"),
    ],
)
def test_what_is_refused(tmp_path: Path, changes, message) -> None:
    with pytest.raises(UserError, match=message):
        labels_of(tmp_path, **changes)


def test_cvats_empty_track_is_listed(tmp_path, good):
    good["annotations"].append({"id": 2, "image_id": 7, "category_id": 3, "keypoints": [], "num_keypoints": 2})
    labels = parse(tmp_path, good)
    assert len(labels.table) == 1
    assert labels.dropped == {"nothing is labelled": ["l.json:2"]}


def test_boxes_of_another_category_are_listed(tmp_path, good):
    good["categories"].append({"id": 4, "name": "shoe"})
    good["annotations"].append({"id": 20, "image_id": 7, "category_id": 4, "bbox": [1, 2, 30, 40]})
    labels = parse(tmp_path, good)
    assert labels.table["a_x"].tolist() == [1]
    assert labels.dropped == {"its category has none of the problem's keypoints": ["l.json:20"]}


def test_ids_of_different_types_are_the_same(tmp_path, good):
    good["images"][0]["id"], good["annotations"][0]["category_id"] = "7", 3.0
    assert len(parse(tmp_path, good).table) == 1


def test_categories_with_different_lists_of_keypoints(tmp_path, good):
    good["categories"] += [
        {"id": 4, "name": "turned", "keypoints": ["b", "x", "a"]},
        {"id": 5, "name": "half", "keypoints": ["b"]},
    ]
    good["annotations"] += [
        {"id": 2, "image_id": 7, "category_id": 4, "keypoints": [5, 6, 2, 0, 0, 0, 7, 8, 2]},
        {"id": 3, "image_id": 7, "category_id": 5, "keypoints": [9, 10, 2]},
    ]
    xy, visibility = keypoints_of(parse(tmp_path, good).table, ("a", "b"))
    assert xy[1].tolist() == [[7, 8], [5, 6]]
    assert xy[2, 1].tolist() == [9, 10]
    assert visibility.tolist() == [[2, 1], [2, 2], [0, 2]]


@pytest.mark.parametrize("extra", [{}, {"extra": {"name": "IMG_1.JPG"}}], ids=["by file name", "by its key"])
def test_copies_of_roboflow_are_one_subject(tmp_path, good, extra):
    names = ["IMG_1_JPG.rf.21d9ecc5.jpg", "IMG_1_JPG.rf.ab39df62.jpg", "own.png"]
    good["images"] = [{"id": n, "file_name": name, **(extra if n < 2 else {})} for n, name in enumerate(names)]
    good["annotations"] = [good["annotations"][0] | {"id": n, "image_id": n} for n in range(3)]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    labels = parse(tmp_path, good, subject="image")
    first = "IMG_1.JPG" if extra else "IMG_1"
    assert labels.table["subject"].tolist() == [first, first, "own.png"]
    assert labels.notes == [
        "l.json: 2 images are copies that Roboflow made of 1 pictures; the copies of a picture are one subject"
    ]
