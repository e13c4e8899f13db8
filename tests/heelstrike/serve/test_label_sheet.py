"""The label file is what the reader `csv` of collect takes, for videos and for images of any name."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.serve.label.records import FrameLabels, LabelFile, Point, Revision, Target
from heelstrike.serve.label.sheet import NAME, sheet_of
from heelstrike.serve.records import Kind
from pipeline.collect.readers.csv import read
from pipeline.collect.table_sources import CsvSource
from pipeline.problem import Problem
from tests.videos import write_video

KEYPOINTS = ("heel", "ball")


def labels_of(name: str, kind: Kind, frame: int, *points: Point) -> LabelFile:
    target = Target(
        problem="toy", file=name, kind=kind, sha256="0" * 64, width=96, height=64, keypoints=KEYPOINTS, flip_pairs=()
    )
    said = Revision(number=1, based_on=0, who='a "quoted", =name', when="2026-11-28T12:00:00.000000Z", points=points)
    return LabelFile(target=target, frames={frame: FrameLabels(revisions=(said,))})


@pytest.mark.parametrize(
    ("name", "kind"), [("walk, 2.mp4", "video"), ("-print (1).png", "image"), ("=é'.png", "image")]
)
def test_collect_reads_what_was_saved(tmp_path: Path, name: str, kind: Kind) -> None:
    if kind == "video":
        write_video(tmp_path / name, frames=9)
    else:
        cv2.imwrite(str(tmp_path / name), np.zeros((64, 96, 3), np.uint8))
    frame = 7 if kind == "video" else 0
    files = [labels_of(name, kind, frame, Point(x=1.254, y=2.5, v=1), Point())]
    sheet = sheet_of(files, "P-1", {"foot": "left", "frame": "not a column twice"}, 0.25)
    (tmp_path / NAME).write_text(sheet, encoding="utf-8")
    labels = read(tmp_path / NAME, tmp_path, CsvSource(kind="csv"), Problem(keypoints=KEYPOINTS))
    (row,) = labels.table.to_dict("records")
    assert (row["media"], row["frame"], row["subject"]) == (name, 7 if kind == "video" else -1, "P-1")
    assert (row["heel_x"], row["heel_y"], row["heel_v"], row["ball_v"]) == (1.25, 2.5, 1, 0)
    assert (row["mm_per_px"], row["slice_foot"]) == (0.25, "left")
    assert [column for column in row if column.startswith("slice_")] == ["slice_foot"]


@pytest.mark.parametrize("code", ["-P1", "=1+1", "'-P1", "P-1", "-1", "@home", "'P1"])
def test_texts_come_back_as_they_were_written(tmp_path: Path, code: str) -> None:
    """The code of a person decides on the split: a spreadsheet's apostrophe must not make two people of one."""
    cv2.imwrite(str(tmp_path / "print.png"), np.zeros((64, 96, 3), np.uint8))
    sheet = sheet_of([labels_of("print.png", "image", 0, Point(x=1, y=2, v=2), Point())], code, {"=foot": code}, None)
    (tmp_path / NAME).write_text(sheet, encoding="utf-8")
    (row,) = read(tmp_path / NAME, tmp_path, CsvSource(kind="csv"), Problem(keypoints=KEYPOINTS)).table.to_dict(
        "records"
    )
    assert (row["subject"], row["slice_=foot"]) == (code, code)


def test_points_of_models_with_other_keypoints_stay_with_their_names() -> None:
    first = labels_of("a.png", "image", 0, Point(x=1, y=2, v=2), Point(x=3, y=4, v=1))
    second = labels_of("b.png", "image", 0, Point(x=5, y=6, v=2), Point(x=7, y=8, v=2))
    second = second.model_copy(update={"target": second.target.model_copy(update={"keypoints": ("toe", "heel")})})
    one, other = csv.DictReader(io.StringIO(sheet_of([first, second], "P-1", {}, None)))
    places = [[row[f"{name}_{axis}"] for name in ("heel", "ball", "toe") for axis in "xyv"] for row in (one, other)]
    assert places == [
        ["1.00", "2.00", "2", "3.00", "4.00", "1", "", "", "0"],
        ["7.00", "8.00", "2", "", "", "0", "5.00", "6.00", "2"],
    ]
