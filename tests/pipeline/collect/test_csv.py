"""The CSV reader, and each kind of bad label with its message. test_readers.py tests every reader."""

from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.readers.csv import read
from pipeline.collect.settings import CsvSource
from pipeline.problem import Problem

HEADER = "video,frame,subject,left_x,left_y,right_x,right_y"
KEYPOINTS = ("left", "right")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4", "c.png"):
        (tmp_path / "in" / name).write_bytes(b"not opened by the reader")
    return tmp_path


def labels(root: Path, *rows: str, header: str = HEADER, **source):
    path = root / "in" / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read(path, root, CsvSource(kind="csv", **source), Problem(keypoints=KEYPOINTS))


def test_values_and_missing_points(root):
    result = labels(root, "a.mp4,0,P1,1.5,2,3,4", "", "a.mp4,3,P1,,,5,6", "b.mp4,1,P2,nan,NA,7,8").table
    xy, visibility = keypoints_of(result, KEYPOINTS)
    assert xy[0].tolist() == [[1.5, 2], [3, 4]]
    assert visibility.tolist() == [[2, 2], [0, 2], [0, 2]]
    assert np.isnan(xy[1, 0]).all()
    assert result["media"].tolist() == ["in/a.mp4", "in/a.mp4", "in/b.mp4"]
    assert result["frame"].tolist() == [0, 3, 1]
    assert result["source"].tolist() == ["in/labels.csv:2", "in/labels.csv:4", "in/labels.csv:5"]


def test_named_columns_semicolons_and_stills(root):
    result = labels(
        root, "c.png;Q;1;2;3;4", header="picture;who;lx;ly;rx;ry", file="picture", frame=None, subject="who",
        keypoints={"left": ("lx", "ly"), "right": ("rx", "ry")},
    ).table  # fmt: skip
    assert result[["media", "frame", "subject", "right_y"]].values.tolist() == [["in/c.png", -1, "Q", 4.0]]


def test_every_other_column_is_a_slice_unless_they_are_listed(root):
    rows, header = ["a.mp4,0,P,1,2,3,4,VI,barefoot"], HEADER + ",tone,shoe"
    assert {"slice_tone", "slice_shoe"} <= set(labels(root, *rows, header=header).table)
    result = labels(root, *rows, header=header, slices=("tone",)).table
    assert "slice_shoe" not in result
    assert result["slice_tone"].tolist() == ["VI"]
    with pytest.raises(UserError, match="column 'light' is missing"):
        labels(root, *rows, header=header, slices=("light",))


def test_visibility_columns(root):
    result = labels(root, "a.mp4,0,P,1,2,3,4,1,0", header=HEADER + ",left_v,right_v").table
    assert result[["left_v", "right_v"]].values.tolist() == [[1, 0]]
    assert np.isnan(result["right_x"]).all()
    with pytest.raises(UserError, match="row 2, column left_v: found 3, expected 0, 1 or 2"):
        labels(root, "a.mp4,0,P,1,2,3,4,3,0", header=HEADER + ",left_v,right_v")


def test_rows_without_any_point_are_left_out_and_listed(root):
    result = labels(root, "a.mp4,0,P,1,2,3,4", "a.mp4,1,P,,,,")
    assert len(result.table) == 1
    assert result.dropped == {"nothing is labelled": ["in/labels.csv:3"]}


GOOD = "a.mp4,0,P,1,2,3,4"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a.mp4,1,P,abc,2,3,4"], "row 3, column left_x: found 'abc', expected a number"),
        (["a.mp4,1,P,1,,3,4"], "row 3, keypoint left: x is given but y is missing"),
        (["a.mp4,1,P,1,2,NaN,4"], "row 3, keypoint right: y is given but x is missing"),
        (["a.mp4,1,P,1,inf,3,4"], "row 3, left y: found inf, expected a number of pixels"),
        (["a.mp4,1,P,1,2,3"], "row 3: 6 cells, expected 7 as in the header"),
        (["a.mp4,1,P,1,2,3,4,5,6"], "row 3: 9 cells, expected 7 as in the header"),
        ([GOOD], "row 3 repeats row 2 (in/a.mp4, frame 0)"),
        (["a.mp4,0,P,1,2,3,5"], "row 2 and row 3 label in/a.mp4, frame 0 differently"),
        (["a.mp4,-1,P,1,2,3,4"], "row 3, column frame: found -1, expected a frame number from 0"),
        (["a.mp4,-4,P,1,2,3,4"], "row 3, column frame: found -4, expected a frame number from 0"),
        (["a.mp4,,P,1,2,3,4"], "row 3: frame number missing of in/a.mp4"),
        (["a.mp4,1.5,P,1,2,3,4"], "row 3, column frame: found 1.5, expected a whole number"),
        (["x.mp4,1,P,1,2,3,4"], "row 3: in/x.mp4 is not there"),
        (["x.doc,1,P,1,2,3,4"], "row 3: in/x.doc is neither a video nor an image"),
        (["../../x.mp4,1,P,1,2,3,4"], "row 3: ../x.mp4 lies outside"),
        ([",1,P,1,2,3,4"], "row 3, column video: empty"),
        (["a.mp4,1,,1,2,3,4"], "row 3: 'subject' is empty"),
    ],
)
def test_bad_rows(root, rows, message):
    with pytest.raises(UserError) as caught:
        labels(root, GOOD, *rows)
    assert f"in/labels.csv: {message}" in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("video,frame,subject,left_x,left_y,right_x", "1 of the problem's 2 keypoints have their columns"),
        ("film,frame,subject,left_x,left_y,right_x,right_y", "column 'video' is missing"),
        ("video,image,subject,left_x,left_y,right_x,right_y", "column 'frame' is missing"),
        ("video,frame,person,left_x,left_y,right_x,right_y", "no column or key 'subject'"),
        ("video,frame,subject,left_x,left_x,right_x,right_y", "column 'left_x' occurs twice"),
    ],
)
def test_bad_headers(root, header, message):
    with pytest.raises(UserError, match=r"in/labels\.csv: (header: |no column)") as caught:
        labels(root, ",".join(GOOD.split(",")[: header.count(",") + 1]), header=header)
    assert message in str(caught.value)


def test_all_findings_at_once_and_not_more_than_twenty(root):
    rows = [f"a.mp4,{i},P,x,2,3," for i in range(1, 41)]
    with pytest.raises(UserError) as caught:
        labels(root, GOOD, *rows)
    lines = str(caught.value).split("\n")
    assert len(lines) == 21
    assert lines[0].endswith("found 'x', expected a number; correct it or leave it empty")
    assert lines[-1] == "in/labels.csv: and 20 more"


def test_skipping_missing_files(root):
    result = labels(root, GOOD, "gone.mp4,1,P,1,2,3,4", missing_images="skip")
    assert len(result.table) == 1
    assert result.dropped == {"the image or video is not there": ["in/labels.csv:3 (in/gone.mp4)"]}


def test_windows_1252(root):
    (root / "in" / "labels.csv").write_bytes(HEADER.encode() + b"\na.mp4,0,J\xf6rg,1,2,3,4\n")
    result = read(root / "in" / "labels.csv", root, CsvSource(kind="csv"), Problem(keypoints=KEYPOINTS))
    assert result.table["subject"].tolist() == ["Jörg"]
    assert "in/labels.csv: not UTF-8; read as Windows-1252" in result.notes[0]


def test_byte_order_mark_and_carriage_returns(root):
    (root / "in" / "labels.csv").write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{GOOD}\r\n".encode())
    assert len(read(root / "in" / "labels.csv", root, CsvSource(kind="csv"), Problem(keypoints=KEYPOINTS)).table) == 1


def test_a_hundred_thousand_rows(root):
    rows = [f"a.mp4,{i},P{i % 50},{i / 7:.3f},2,3,4,VI" for i in range(100_000)]
    assert len(labels(root, *rows, header=HEADER + ",tone").table) == 100_000
