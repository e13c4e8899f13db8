"""Labels made on an image of another size or another way up than the file."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of, read_table
from pipeline.collect.images import with_images
from pipeline.collect.labelled_sizes import in_image_pixels
from pipeline.collect.sources import one_table, read_source
from pipeline.collect.stage import run
from pipeline.collect.table_sources import CsvSource
from pipeline.collect.tool_sources import CocoSource
from pipeline.layout import Layout
from pipeline.problem import Problem

KEYPOINTS = ("a", "b")


@pytest.fixture
def collect(layout: Layout):
    """Writes images and a COCO file, and collects them; returns the points and the notes."""

    def run(stated: tuple[Any, Any], actual: tuple[int, int], points: list[float], orientation: int = 1):
        exif = Image.Exif()
        exif[0x0112] = orientation
        pixels = np.random.default_rng(0).integers(0, 255, (actual[1], actual[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(layout.raw / "0.jpg", exif=exif)
        image = {"id": 1, "file_name": "0.jpg", "width": stated[0], "height": stated[1]}
        annotation = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [*points[:2], 2, *points[2:], 1]}
        categories = [{"id": 1, "name": "x", "keypoints": KEYPOINTS}]
        data = {"images": [image], "annotations": [annotation], "categories": categories}
        (layout.raw / "ann.json").write_text(json.dumps(data))
        source = CocoSource(kind="coco", subject="image")
        labels = read_source(source, layout, Problem(keypoints=KEYPOINTS))
        table, notes = in_image_pixels(with_images(one_table([labels]), layout), KEYPOINTS)
        assert not {"labelled_width", "labelled_height", "labelled_mm_per_px"} & set(table.columns)
        xy, visibility = keypoints_of(table, KEYPOINTS)
        assert visibility.tolist() == [[2, 1]]
        return xy[0].ravel().tolist(), notes

    return run


@pytest.mark.parametrize("stated", [(64, 48), (None, None), (0, 0), (64.0, 48.0), (None, 48)])
def test_the_same_size_or_none_changes_nothing(collect, stated) -> None:
    assert collect(stated, (64, 48), [10.1, 20.3, 30, 40]) == ([10.1, 20.3, 30, 40], [])


@pytest.mark.parametrize("stated", [(32, 24), ("32", "24.0")])
def test_labels_of_a_smaller_copy_are_scaled(collect, stated) -> None:
    points, notes = collect(stated, (64, 48), [10, 20, 0, 0.5])
    assert points == [20.5, 40.5, 0.5, 1.5]
    assert notes == ["ann.json: 1 images: labels made at 32x24 scaled by 2 to 64x48"]


def test_labels_of_a_larger_copy_are_scaled_also_where_its_size_is_rounded(collect) -> None:
    points, notes = collect((100, 67), (60, 40), [99.5, 66.5, 49.5, 33])
    np.testing.assert_allclose(points, [59.5, 39.5, 29.5, 19.5])
    assert notes == ["ann.json: 1 images: labels made at 100x67 scaled by 0.6 and 0.597015 to 60x40"]


@pytest.mark.parametrize("stated", [(64, 40), (32, 20), (48, 64)])
def test_another_aspect_ratio_is_refused_with_both_sizes(collect, stated) -> None:
    with pytest.raises(UserError, match=rf"ann.json: 0.jpg is 64x48.* {stated[0]}x{stated[1]}"):
        collect(stated, (64, 48), [10, 20, 12, 22])


@pytest.mark.parametrize("stated", [("64 px", 48), (-64, 48), (True, 48), ([64], 48), (float("inf"), 48)])
def test_a_size_that_is_none_is_refused(collect, stated) -> None:
    with pytest.raises(UserError, match=r"image 1 \(0.jpg\): width and height are .*, expected numbers of pixels"):
        collect(stated, (64, 48), [10, 20, 12, 22])


class TestPortraits:
    """Photographs that are stored as 64x48 and displayed as 48x64, stated as 64x48."""

    def test_points_that_only_fit_as_displayed(self, collect) -> None:
        points, notes = collect((64, 48), (64, 48), [10, 60, 12, 22], orientation=6)
        assert points == [10, 60, 12, 22]
        assert "width and height are exchanged for 1 images" in notes[0]

    @pytest.mark.parametrize(
        ("orientation", "expected"),
        [(5, [20, 60, 40, 0]), (6, [27, 60, 7, 0]), (7, [27, 3, 7, 63]), (8, [20, 3, 40, 63])],
    )
    def test_points_that_only_fit_as_stored_are_turned(self, collect, orientation, expected) -> None:
        points, notes = collect((64, 48), (64, 48), [60, 20, 0, 40], orientation=orientation)
        assert points == expected
        assert "they were turned too" in notes[0]

    def test_a_copy_is_turned_and_scaled(self, collect) -> None:
        points, notes = collect((32, 24), (64, 48), [29.5, 9.5, 0, 9.5], orientation=6)
        assert points == [27.5, 59.5, 27.5, 0.5]
        assert notes[1] == "ann.json: 1 images: labels made at 24x32 scaled by 2 to 48x64"

    def test_points_that_fit_both_ways_are_refused(self, collect) -> None:
        with pytest.raises(UserError, match=r"0.jpg is 48x64 as displayed, the label file states 64x48"):
            collect((64, 48), (64, 48), [10, 20, 12, 22], orientation=6)


def test_the_pixel_size_that_a_csv_states_is_scaled_too(layout: Layout) -> None:
    for name in ("0.png", "1.png"):
        Image.fromarray(np.random.default_rng(ord(name[0])).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(
            layout.raw / name
        )
    (layout.raw / "labels.csv").write_text(
        "video,subject,a_x,a_y,b_x,b_y,mm_per_px,image_width,image_height\n"
        "0.png,p,1,2,3,4,0.5,32,24\n1.png,q,1,2,3,4,,32,24\n"
    )
    source = CsvSource(kind="csv", mm_per_px=0.7)
    table = one_table([read_source(source, layout, Problem(keypoints=KEYPOINTS))])
    table, _ = in_image_pixels(with_images(table, layout), KEYPOINTS)
    assert table["mm_per_px"].tolist() == [0.25, 0.7]
    assert not [column for column in table.columns if column.startswith("slice_")]


def test_boxes_are_scaled() -> None:
    table = pd.DataFrame(
        {"source": ["f:1"], "media": ["m"], "frame": [-1], "file": ["m"], "width": [64], "height": [48]}
        | {"box_x": [-0.5], "box_y": [9.5], "box_w": [10.0], "box_h": [5.0]}
        | {"labelled_width": [32.0], "labelled_height": [24.0]}
    )
    moved, _ = in_image_pixels(table, ())
    assert moved[["box_x", "box_y", "box_w", "box_h"]].to_numpy().tolist() == [[-0.5, 19.5, 20, 10]]


def test_the_stage_scales_and_says_so(layout: Layout, make_params, capsys) -> None:
    (layout.raw / "batch").mkdir()
    images, annotations = [], []
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(layout.raw / "batch" / f"{number}.png")
        size = (32, 24) if number else (64, 48)
        images.append({"id": number, "file_name": f"{number}.png", "width": size[0], "height": size[1]})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "keypoints": [10, 20, 2, 12, 22, 2]})
    categories = [{"id": 1, "name": "x", "keypoints": ["left", "right"]}]
    data = {"images": images, "annotations": annotations, "categories": categories}
    (layout.raw / "batch" / "ann.json").write_text(json.dumps(data))
    run(make_params({"kind": "coco", "subject": "image"}), layout)
    table = read_table(layout.out("collect") / "annotations.parquet", ("left", "right"))
    assert table["left_x"].tolist() == [10, 20.5, 20.5]
    note = "batch/ann.json: 2 images: labels made at 32x24 scaled by 2 to 64x48"
    assert json.loads((layout.out("collect") / "summary.json").read_text())["notes"] == [note]
    assert f"collect: {note}" in capsys.readouterr().out
