"""Points at exactly (0, 0), as many programs write a point that is not labelled."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.readers import read_labels
from pipeline.collect.settings import Source
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("a", "b"))


def read(folder: Path, **settings: object):
    """Labels of a COCO file: a at (0, 0) with v 2 in the first image, both at (0, 0) in the second, b with v 0."""
    points = [[0, 0, 2, 5, 6, 2], [0, 0, 2, 0, 0, 1], [7, 8, 2, 0, 0, 0]]
    images = [{"id": n, "file_name": f"{n}.png"} for n in range(len(points))]
    for image in images:
        (folder / image["file_name"]).write_bytes(b"not opened by readers")
    annotations = [{"id": n, "image_id": n, "category_id": 1, "keypoints": p} for n, p in enumerate(points)]
    categories = [{"id": 1, "name": "x", "keypoints": ["a", "b"]}]
    path = folder / "l.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    source = TypeAdapter(Source).validate_python({"kind": "coco"} | settings)
    return read_labels(path, folder, source, PROBLEM)


def test_they_are_findings(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "l.json: label 0: a lies at exactly (0, 0)" in lines[0] and "set zero_points" in lines[0]


def test_they_are_not_labelled(tmp_path: Path) -> None:
    labels = read(tmp_path, zero_points="missing")
    xy, visibility = keypoints_of(labels.table, PROBLEM.keypoints)
    assert labels.table["media"].tolist() == ["0.png", "2.png"]
    np.testing.assert_array_equal(xy, [[[np.nan, np.nan], [5, 6]], [[7, 8], [np.nan, np.nan]]])
    assert visibility.tolist() == [[0, 2], [2, 0]]
    assert labels.dropped == {"nothing is labelled": ["l.json:1"]}
    assert labels.notes == ["l.json: 3 points at (0, 0) count as not labelled"]


def test_they_are_points(tmp_path: Path) -> None:
    assert len(read(tmp_path, zero_points="keep").table) == 3
