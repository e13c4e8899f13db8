"""Real COCO keypoint files, and cases that only this format has."""

import json

import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
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
