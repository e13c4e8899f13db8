"""VGG Image Annotator: the size in bytes of the labelled file, and regions that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError
from pipeline.collect.labels import Labels
from pipeline.collect.readers.via import read
from pipeline.collect.settings import ViaSource
from pipeline.problem import Problem

REGION = {"shape_attributes": {"name": "point", "cx": 1, "cy": 2}, "region_attributes": {"landmark": "a"}}


def labels_of(folder: Path, size: Any, region: Any = REGION, **settings: Any) -> Labels:
    (folder / "1.png").write_bytes(b"seven b")
    entry = {"filename": "1.png", "size": size, "file_attributes": {}, "regions": [region]}
    (folder / "via.json").write_text(json.dumps({"1.png": entry}))
    return read(folder / "via.json", folder, ViaSource(kind="via", **settings), Problem(keypoints=("a",)))


@pytest.mark.parametrize("size", [7, "7", -1, 0, None])
def test_the_labelled_file(tmp_path: Path, size) -> None:
    assert labels_of(tmp_path, size).table["a_x"].tolist() == [1]


def test_another_file_than_the_labelled_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"via.json: image 1: 1.png has 7 bytes, but a file of 9000 bytes was labelled"):
        labels_of(tmp_path, 9000)
    assert labels_of(tmp_path, 9000, same_files=False).table["a_x"].tolist() == [1]


@pytest.mark.parametrize(
    "region",
    [None, [], {"shape_attributes": [1]}, REGION | {"shape_attributes": {"name": "point", "cx": "1", "cy": 10**400}}],
)
def test_regions_that_are_none(tmp_path: Path, region) -> None:
    with pytest.raises(UserError, match=r"via.json: image 1 \(1.png\).*expected"):
        labels_of(tmp_path, 7, region)
