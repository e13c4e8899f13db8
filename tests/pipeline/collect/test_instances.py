"""One instance an image for networks that find one, and one point a name."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from pipeline.collect.readers import read_labels
from pipeline.collect.settings import Source
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("a", "b"))


def read(folder: Path, name: str, content: Any, problem: Problem = PROBLEM, **settings: object):
    for image in ("0.png", "1.png"):
        (folder / image).write_bytes(b"not opened by readers")
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_labels(folder / name, folder, TypeAdapter(Source).validate_python(settings), problem)


def coco(*images: int, names: tuple[str, ...] = ("0.png", "1.png"), keypoints: tuple[str, ...] = ("a", "b")) -> Any:
    """COCO JSON with an annotation for each number of an image."""
    points = [[3 + n, 4, 2, 5, 6, 2] for n in range(len(images))]
    annotations = [
        {"id": n, "image_id": i, "category_id": 1, "keypoints": p, "bbox": [1, 1, 9, 9]}
        for n, (i, p) in enumerate(zip(images, points, strict=True))
    ]
    listed = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    categories = [{"id": 1, "name": "x", "keypoints": list(keypoints)}]
    return {"images": listed, "annotations": annotations, "categories": categories}


def test_two_persons_in_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"0.png: 2 instances are labelled \(l.json:0, l.json:1\), but a network"):
        read(tmp_path, "l.json", coco(0, 0, 1), kind="coco")
    boxes = Problem(classes=("x",), multi_instance=True)
    assert len(read(tmp_path, "l.json", coco(0, 0, 1), boxes, kind="coco_boxes").table) == 3


@pytest.mark.parametrize("kind", ["coco", "coco_boxes"])
def test_one_picture_under_two_entries(tmp_path: Path, kind: str) -> None:
    problem = PROBLEM if kind == "coco" else Problem(classes=("x",), multi_instance=True)
    with pytest.raises(UserError, match=r"images \[0, 1\] are the same file 0.png, and are labelled; keep one"):
        read(tmp_path, "l.json", coco(0, 1, names=("0.png", "0.png")), problem, kind=kind)


def test_a_keypoint_named_twice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"category 'x' names the keypoints \['a'\] twice"):
        read(tmp_path, "l.json", coco(0, keypoints=("a", "a")), Problem(keypoints=("a",)), kind="coco")
    ee641 = {"keypoint_names": ["a", "a"], "images": [{"id": 1, "file_name": "0.png", "keypoints": [[1, 2], [3, 4]]}]}
    with pytest.raises(UserError, match=r"keypoint_names has \['a'\] twice"):
        read(tmp_path, "x_annotations.json", ee641, Problem(keypoints=("a",)), kind="ee641", images=".")
    table = "image,landmark,x,y\n0.png,a,1,2\n0.png,b,3,4\n0.png,a,5,6\n"
    with pytest.raises(UserError, match="row 4 labels a point that was labelled before"):
        read(tmp_path, "labels.csv", table, kind="landmarks")
    points = [{"shape_attributes": {"name": "point", "cx": n, "cy": 2}, "region_attributes": {"landmark": k}}
              for n, k in enumerate("aba")]  # fmt: skip
    with pytest.raises(UserError, match=r"image 1 \(0.png\) labels a twice"):
        read(tmp_path, "via.json", {"0": {"filename": "0.png", "regions": points}}, kind="via")


def test_each_annotator_a_ground_truth_is_one_instance(tmp_path: Path) -> None:
    rows = [f"0.png,{k},{n},{m},{who}" for n, who in enumerate("AB", 1) for m, k in enumerate("ab", 1)]
    table = "\n".join(["image,landmark,x,y,who", *rows]) + "\n"
    labels = read(tmp_path, "labels.csv", table, kind="landmarks", annotator="who", combine="separate")
    assert labels.table["instance"].tolist() == [0, 1]
