"""A label on its way: annotation table -> COCO -> arrays -> original pixels; for every head the same that went in."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize, Mirror
from pipeline.annotations import BOX_COLUMNS, CLASS, read_table, with_keypoints, write_table
from pipeline.prepare.labels import write_labels
from pipeline.problem import Problem
from pipeline.scoring.cases import load_truth
from pipeline.split.coco import coco

KEYPOINTS, CLASSES = ("a", "b", "c"), ("cat", "dog")
SIDES = st.integers(60, 1800)  # the thinnest still is two pixels wide in an input of 64
ATOL = 2e-3  # arrays hold single precision: some 1e-5 of an input pixel, which is at most 1800 / 64 original ones


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Images of any size with one to three instances, points and classes missing here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows: list[dict[str, Any]] = []
    for image in range(draw(st.integers(1, 4))):
        width, height = draw(SIDES), draw(SIDES)
        about = {"image": f"images/{image}.png", "subject": f"s{image % 2}", "video": "", "frame": -1}
        about |= {"time_s": np.nan, "width": width, "height": height, "mm_per_px": 0.5, "phash": "0" * 16}
        about |= {"image_id": image + 1, "slice_foot": ("left", "right")[image % 2]}
        for instance in range(draw(st.integers(1, 3))):
            low, size = rng.uniform(0, 20, 2), rng.uniform(1, 20, 2)
            number = len(rows) + 1
            labelled = {CLASS: draw(st.sampled_from((*CLASSES, ""))), "source": f"labels.csv:{number}"}
            box = dict(zip(BOX_COLUMNS, (*low, *size), strict=True))
            rows.append(about | labelled | box | {"instance": instance, "annotation_id": number})
    table = pd.DataFrame(rows)
    limits = table[["width", "height"]].to_numpy()[:, None] - 0.5
    xy, visibility = rng.uniform(-0.5, limits, (len(rows), 3, 2)), rng.integers(0, 3, (len(rows), 3))
    xy[visibility == 0] = np.nan
    return with_keypoints(table, KEYPOINTS, xy, visibility)


def stored(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Written and read, with the numbers that the split stage gives."""
    write_table(table, folder / "annotations.parquet", KEYPOINTS)
    return read_table(folder / "annotations.parquet", KEYPOINTS).assign(
        image_id=table["image_id"], annotation_id=table["annotation_id"]
    )


@given(table=tables(), width=st.integers(64, 512), height=st.integers(64, 512), mirrored=st.booleans())
@settings(max_examples=60, deadline=None)
def test_keypoints_box_and_class_come_back(table: pd.DataFrame, width: int, height: int, mirrored: bool) -> None:
    problem = Problem(keypoints=KEYPOINTS, classes=CLASSES, input=InputSize(width=width, height=height))
    mirror = Mirror(slice="foot", value="left") if mirrored else None
    with tempfile.TemporaryDirectory() as name:
        split = coco(stored(table, Path(name)), problem)
        write_labels(split["images"], split["annotations"], problem, Path(name), mirror)
        truth = load_truth(Path(name))
    xy = table[[f"{k}_{axis}" for k in KEYPOINTS for axis in "xy"]].to_numpy().reshape(-1, 3, 2)
    np.testing.assert_allclose(truth.points_in_original(truth.keypoints), xy, atol=ATOL)
    np.testing.assert_array_equal(truth.visibility, table[[f"{k}_v" for k in KEYPOINTS]].to_numpy())
    np.testing.assert_allclose(truth.boxes_in_original(truth.boxes), table[BOX_COLUMNS].to_numpy(), atol=ATOL)
    assert truth.classes is not None
    assert [(*CLASSES, "")[number] for number in truth.classes] == table[CLASS].tolist()
    assert truth.index["subject"].tolist() == table["subject"].tolist()


@given(table=tables(), width=st.integers(64, 512), height=st.integers(64, 512), mirrored=st.booleans())
@settings(max_examples=60, deadline=None)
def test_detections_come_back(table: pd.DataFrame, width: int, height: int, mirrored: bool) -> None:
    size = InputSize(width=width, height=height)
    problem = Problem(keypoints=KEYPOINTS, classes=CLASSES, multi_instance=True, input=size)
    table[CLASS] = table[CLASS].replace("", CLASSES[0])
    mirror = Mirror(slice="foot", value="left") if mirrored else None
    with tempfile.TemporaryDirectory() as name:
        split = coco(stored(table, Path(name)), problem)
        write_labels(split["images"], split["annotations"], problem, Path(name), mirror)
        truth = load_truth(Path(name))
    assert truth.objects is not None
    objects = truth.objects_in_original(truth.objects)
    for boxes, (_, rows) in zip(objects, table.groupby("image", sort=False), strict=True):
        known = boxes[: len(rows)]
        np.testing.assert_allclose(known[:, :4], rows[BOX_COLUMNS].to_numpy(), atol=ATOL)
        assert [CLASSES[int(number)] for number in known[:, 4]] == rows[CLASS].tolist()
        assert np.isnan(boxes[len(rows) :]).all()


@given(table=tables())
@settings(max_examples=20, deadline=None)
def test_an_instance_to_be_found_needs_a_class(table: pd.DataFrame) -> None:
    table.loc[0, CLASS] = "cow"
    problem = Problem(keypoints=KEYPOINTS, classes=CLASSES, multi_instance=True)
    with pytest.raises(UserError, match=r"labels\.csv:1.*: no class, or one that problem\.classes does not name"):
        coco(table, problem)
    alone = coco(table, Problem(keypoints=KEYPOINTS, multi_instance=True))
    assert {annotation["category_id"] for annotation in alone["annotations"]} == {1}
