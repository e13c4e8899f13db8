"""Conformance tests of the readers of label files with one file for many images.

The round trip of random labels covers every reader (readers/test_round_trip.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from pipeline.annotations import keypoint_columns, keypoints_of
from pipeline.collect.readers import READERS
from pipeline.collect.settings import Source
from pipeline.problem import Problem

KEYPOINTS = ("b", "a")
POINTS = [[[10.25, 20.5], [30.0, 40.0]], [[np.nan, np.nan], [5.0, 6.125]], [[7.0, 8.0], [9.0, 1.0]]]
"""Keypoints a and b, in the file's order, of three images."""


def write_csv(path: Path, images: list[str], xy: np.ndarray) -> None:
    rows = [
        f"{image},s,{','.join('' if np.isnan(v) else str(v) for v in p.ravel())}"
        for image, p in zip(images, xy, strict=True)
    ]
    path.write_text("\n".join(["video,subject,a_x,a_y,b_x,b_y", *rows]) + "\n")


def write_dlc(path: Path, images: list[str], xy: np.ndarray, split: bool = False) -> None:
    lead = [""] * 2 if split else []
    rows = [
        ["scorer", *lead, *["me"] * 4],
        ["bodyparts", *lead, "a", "a", "b", "b"],
        ["coords", *lead, "x", "y", "x", "y"],
    ]
    for image, points in zip(images, xy, strict=True):
        rows.append(
            [*(image.split("/") if split else [image]), *("" if np.isnan(v) else str(v) for v in points.ravel())]
        )
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")


def write_dlc_split(path: Path, images: list[str], xy: np.ndarray) -> None:
    write_dlc(path, images, xy, split=True)


def write_hdf(path: Path, images: list[str], xy: np.ndarray) -> None:
    columns = pd.MultiIndex.from_product([["me"], ["a", "b"], ["x", "y"]], names=["scorer", "bodyparts", "coords"])
    pd.DataFrame(xy.reshape(len(xy), 4), index=images, columns=columns).to_hdf(path, key="df_with_missing")


def write_coco(path: Path, images: list[str], xy: np.ndarray) -> None:
    annotations = [
        {
            "id": i,
            "image_id": i,
            "category_id": 1,
            "keypoints": [v for p in points for v in ([0, 0, 0] if np.isnan(p).any() else [*p, 2])],
        }
        for i, points in enumerate(xy)
    ]
    names = [{"id": i, "file_name": image} for i, image in enumerate(images)]
    categories = [{"id": 1, "name": "thing", "keypoints": ["a", "b"]}]
    path.write_text(json.dumps({"images": names, "annotations": annotations, "categories": categories}))


def via_entries(images: list[str], xy: np.ndarray) -> dict[str, Any]:
    return {
        f"{image}1": {
            "filename": image,
            "size": -1,
            "file_attributes": {},
            "regions": [
                {"shape_attributes": {"name": "point", "cx": p[0], "cy": p[1]}, "region_attributes": {"landmark": name}}
                for name, p in zip("ab", points, strict=True)
                if not np.isnan(p).any()
            ],
        }
        for image, points in zip(images, xy, strict=True)
    }


def write_via(path: Path, images: list[str], xy: np.ndarray) -> None:
    path.write_text(json.dumps(via_entries(images, xy)))


def write_via_project(path: Path, images: list[str], xy: np.ndarray) -> None:
    path.write_text(json.dumps({"_via_settings": {}, "_via_img_metadata": via_entries(images, xy)}))


def write_via1(path: Path, images: list[str], xy: np.ndarray) -> None:
    entries = via_entries(images, xy)
    for entry in entries.values():
        entry["regions"] = {str(n): region for n, region in enumerate(entry["regions"])}
    path.write_text(json.dumps(entries))


def write_via_csv(path: Path, images: list[str], xy: np.ndarray) -> None:
    columns = ["filename", "file_size", "file_attributes", "region_count", "region_id"]
    rows = []
    for entry in via_entries(images, xy).values():
        count = len(entry["regions"])
        for n, region in enumerate(entry["regions"] or [{"shape_attributes": {}, "region_attributes": {}}]):
            shape, attributes = (json.dumps(region[key]) for key in ("shape_attributes", "region_attributes"))
            rows.append([entry["filename"], -1, "{}", count, n, shape, attributes])
    columns += ["region_shape_attributes", "region_attributes"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def write_landmarks(path: Path, images: list[str], xy: np.ndarray) -> None:
    rows = [
        f"{image},{name},{','.join('' if np.isnan(v) else str(v) for v in p)}"
        for image, points in zip(images, xy, strict=True)
        for name, p in zip("ab", points, strict=True)
    ]
    path.write_text("\n".join(["image,landmark,x,y", *rows]) + "\n")


@dataclass(frozen=True)
class Case:
    settings: dict[str, Any]
    name: str
    write: Callable[[Path, list[str], np.ndarray], None]


CASES = {
    "csv": Case({"kind": "csv"}, "labels.csv", write_csv),
    "deeplabcut": Case({"kind": "deeplabcut"}, "CollectedData_me.csv", write_dlc),
    "deeplabcut, path in three columns": Case({"kind": "deeplabcut"}, "CollectedData_me.csv", write_dlc_split),
    "deeplabcut, HDF5": Case({"kind": "deeplabcut"}, "CollectedData_me.h5", write_hdf),
    "coco": Case({"kind": "coco"}, "labels.json", write_coco),
    "via": Case({"kind": "via"}, "via_export.json", write_via),
    "via, project": Case({"kind": "via"}, "via_project.json", write_via_project),
    "via 1": Case({"kind": "via"}, "via_region_data.json", write_via1),
    "via, CSV": Case({"kind": "via"}, "via_export.csv", write_via_csv),
    "landmarks": Case({"kind": "landmarks"}, "labels.csv", write_landmarks),
}
IMAGES = [f"labeled-data/walk/img{i}.png" for i in range(3)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
class TestEveryReader:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "batch" / "labeled-data" / "walk").mkdir(parents=True)
        for image in IMAGES:
            (tmp_path / "batch" / image).write_bytes(b"not opened by readers")
        return tmp_path / "batch"

    def read(self, case: Case, folder: Path, keypoints=KEYPOINTS, **settings):
        source = TypeAdapter(Source).validate_python(case.settings | settings)
        return READERS[source.kind](folder / case.name, folder.parent, source, Problem(keypoints=keypoints))

    def test_points_in_the_problems_order(self, case, folder):
        case.write(folder / case.name, IMAGES, np.array(POINTS))
        table = self.read(case, folder).table
        xy, visibility = keypoints_of(table, KEYPOINTS)
        np.testing.assert_array_equal(xy, np.array(POINTS)[:, ::-1])
        assert visibility.tolist() == [[2, 2], [2, 0], [2, 2]]

    def test_columns_and_names(self, case, folder):
        case.write(folder / case.name, IMAGES, np.array(POINTS))
        table = self.read(case, folder).table
        assert table["media"].tolist() == [f"batch/{image}" for image in IMAGES]
        assert table["frame"].tolist() == [-1, -1, -1]
        assert table["instance"].tolist() == [0, 0, 0]
        assert (table["subject"] != "").all()
        assert all(s.rpartition(":")[0] == f"batch/{case.name}" for s in table["source"])
        assert table["source"].is_unique
        assert set(keypoint_columns(KEYPOINTS)) <= set(table.columns)

    def test_unlabelled_image_is_listed(self, case, folder):
        points = np.array(POINTS)
        points[1] = np.nan
        case.write(folder / case.name, IMAGES, points)
        labels = self.read(case, folder)
        assert len(labels.table) == 2
        assert len(labels.dropped["nothing is labelled"]) == 1

    def test_missing_image_stops_or_is_listed(self, case, folder):
        case.write(folder / case.name, IMAGES, np.array(POINTS))
        (folder / IMAGES[1]).unlink()
        with pytest.raises(UserError, match=rf"batch/{case.name}: .*img1.png is not there"):
            self.read(case, folder)
        labels = self.read(case, folder, missing_images="skip")
        assert len(labels.table) == 2
        assert len(labels.dropped["the image or video is not there"]) == 1

    def test_infinite_coordinate(self, case, folder):
        points = np.array(POINTS)
        points[2, 0, 1] = np.inf
        case.write(folder / case.name, IMAGES, points)
        with pytest.raises(UserError, match=rf"batch/{case.name}: .*a y: found inf"):
            self.read(case, folder, keypoints=("a", "b"))

    def test_unknown_keypoint(self, case, folder):
        case.write(folder / case.name, IMAGES, np.array(POINTS))
        with pytest.raises(UserError, match=rf"batch/{case.name}: .*\bc(_x)?\b"):
            self.read(case, folder, keypoints=("a", "b", "c"))

    @pytest.mark.parametrize("content", [b"", b"\n", b"no labels", b"\x00\xff\xfe\x80", b"{}", b"a,b\n1,2\n"])
    def test_a_file_that_is_something_else(self, case, folder, content):
        (folder / case.name).write_bytes(content)
        with pytest.raises(UserError, match=rf"batch/{case.name}: "):
            self.read(case, folder)
