"""The EE641 course's stick figures, real ones and broken ones."""

import json
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.readers.ee641 import read
from pipeline.collect.tool_sources import Ee641Source
from pipeline.problem import Problem

POINTS = ("head", "left_hand", "right_hand", "left_foot", "right_foot")
SOURCE = Ee641Source(kind="ee641")


def test_the_course_set(datasets: Path) -> None:
    root = datasets / "ee641-keypoints"
    table = read(root / "val_annotations.json", root, SOURCE, Problem(keypoints=POINTS)).table
    assert len(table) == table["subject"].nunique() == 200
    assert set(table["slice_part"]) == {"val"}
    assert all((root / media).is_file() for media in table["media"])
    first = read(root / "train_annotations.json", root, SOURCE, Problem(keypoints=("right_foot", "head"))).table
    assert len(first) == 1000
    assert keypoints_of(first, ("right_foot", "head"))[0][0].tolist() == [[96, 112], [78, 55]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoint_names": ["head", "tail"]}, r"a_annotations\.json: no keypoints \['left_hand'"),
        ({"images": []}, "no list 'images'"),
        ({"images": [{"id": 1, "file_name": "1.png"}]}, r"images\[0\]: lacks \['keypoints'\]"),
        ({"images": [{"id": 1, "file_name": "1.png", "keypoints": [[1, 2]]}]}, "expected 5 pairs x, y"),
        ({"images": [{"id": 1, "file_name": "1.png", "keypoints": [[1, 2]] * 4 + [["a", 2]]}]}, "expected 5 pairs"),
        ({"images": [{"id": 1, "file_name": "1.png", "keypoints": [[1, 2]] * 5}]}, r"a/1\.png is not there"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict, message: str) -> None:
    path = tmp_path / "a_annotations.json"
    path.write_text(json.dumps({"keypoint_names": list(POINTS), "images": [{"id": 1}]} | change))
    with pytest.raises(UserError, match=message):
        read(path, tmp_path, SOURCE, Problem(keypoints=POINTS))


def test_no_json(tmp_path: Path) -> None:
    (tmp_path / "a_annotations.json").write_text("{")
    with pytest.raises(UserError, match=r"a_annotations\.json: not valid JSON"):
        read(tmp_path / "a_annotations.json", tmp_path, SOURCE, Problem(keypoints=POINTS))
