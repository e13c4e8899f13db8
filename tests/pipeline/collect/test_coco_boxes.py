"""COCO boxes, and boxes by corners."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.annotations import BOX_COLUMNS
from pipeline.collect.readers.coco_boxes import read
from pipeline.collect.tool_sources import CocoBoxesSource
from pipeline.problem import Problem

PROBLEM = Problem(classes=("circle", "square"), multi_instance=True)


def written(folder: Path, boxes: list[Any], categories: list[int]) -> Path:
    (folder / "a.png").write_bytes(b"not opened by readers")
    data = {
        "images": [{"id": 0, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}],
        "annotations": [
            {"id": n, "image_id": 0, "category_id": kind, "bbox": box}
            for n, (box, kind) in enumerate(zip(boxes, categories, strict=True))
        ],
        "categories": [{"id": 0, "name": "circle"}, {"id": 1, "name": "square"}, {"id": 2, "name": "star"}],
    }
    path = folder / "labels.json"
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(("layout", "box"), [("xywh", [10, 20, 30, 40]), ("xyxy", [10, 20, 40, 60])])
def test_both_forms_give_the_same_box(tmp_path: Path, layout: Any, box: list[int]) -> None:
    source = CocoBoxesSource(kind="coco_boxes", format=layout)
    labels = read(written(tmp_path, [box, box, box], [0, 1, 2]), tmp_path, source, PROBLEM)
    assert labels.table[BOX_COLUMNS].to_numpy().tolist() == [[9.5, 19.5, 30, 40]] * 2
    assert labels.table["class"].tolist() == ["circle", "square"]
    assert labels.table["instance"].tolist() == [0, 1]
    assert labels.dropped == {"its category is not one of the problem's classes": ["labels.json:2"]}
    assert labels.notes == ["labels.json: 1 images have no annotation and are left out"]


def test_without_classes_everything_is_the_one_kind(tmp_path: Path) -> None:
    one = Problem(keypoints=("k",), multi_instance=True)
    labels = read(written(tmp_path, [[1, 1, 5, 5]] * 3, [0, 1, 2]), tmp_path, CocoBoxesSource(kind="coco_boxes"), one)
    assert len(labels.table) == 3


def test_the_wrong_form_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, [[10, 20, 5, 40], [1, 2, 3]], [0, 0])
    with pytest.raises(UserError) as error:
        read(path, tmp_path, CocoBoxesSource(kind="coco_boxes", format="xyxy"), PROBLEM)
    assert "annotation 0: bbox [10, 20, 5, 40] has no area as xyxy; is it the other format?" in str(error.value)
    assert "annotation 1: bbox is [1, 2, 3]; expected four numbers (xyxy)" in str(error.value)


def test_the_courses_own_file(datasets: Path) -> None:
    folder = datasets / "ee641-detection"
    source = CocoBoxesSource(kind="coco_boxes", images="val", format="xyxy")
    problem = Problem(classes=("circle", "square", "triangle"), multi_instance=True)
    table = read(folder / "val_annotations.json", folder, source, problem).table
    assert (len(table), table["media"].nunique()) == (691, 200)
    sides = table.groupby("class")["box_w"].agg(["min", "max"])
    assert sides.loc["circle"].tolist() == [16, 32]
    assert np.allclose(table["box_w"], table["box_h"])
