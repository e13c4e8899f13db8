"""The check of an inbox before it is versioned."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.video.writer import write_video
from pipeline.collect.check import Checked, check_inbox
from pipeline.collect.settings import CollectSettings
from pipeline.layout import Layout
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("heel",))
SETTINGS = CollectSettings.model_validate({"sources": [{"kind": "csv", "labels": "**/labels.csv"}]})
HEADER = "video,frame,subject,heel_x,heel_y\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """One good video of ten frames with labels for two of them."""
    frames = (np.full((64, 96, 3), 20 * i, np.uint8) for i in range(10))
    write_video(tmp_path / "week" / "walk.mp4", frames, 25)
    (tmp_path / "week" / "labels.csv").write_text(f"{HEADER}walk.mp4,0,anna,10,20\nwalk.mp4,9,anna,11,21\n")
    return tmp_path


def check(inbox: Path) -> Checked:
    return check_inbox(inbox, SETTINGS, PROBLEM, Layout(inbox, "p"))


def test_a_good_inbox_is_taken_whole(inbox: Path) -> None:
    checked = check(inbox)
    assert checked.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert checked.rejected == {}


def test_a_bad_video_takes_its_labels_with_it_and_nothing_else(inbox: Path) -> None:
    other = inbox / "other"
    other.mkdir()
    (other / "cut.mp4").write_bytes(b"this is no video" * 100)
    (other / "labels.csv").write_text(f"{HEADER}cut.mp4,0,bo,1,2\n")
    checked = check(inbox)
    assert checked.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert "not a readable video" in checked.rejected["other/cut.mp4"]
    assert checked.waiting == {"other/labels.csv": ["other/cut.mp4"]}


def test_a_frame_beyond_the_end_is_named_with_its_row(inbox: Path) -> None:
    (inbox / "week" / "labels.csv").write_text(f"{HEADER}walk.mp4,10,anna,10,20\n")
    checked = check(inbox)
    assert checked.accepted == []
    assert checked.rejected["week/labels.csv"] == (
        "week/labels.csv:2: frame 10 of week/walk.mp4, which has the frames 0 to 9"
    )
    assert checked.waiting == {"week/walk.mp4": ["week/labels.csv"]}


def test_files_that_are_nothing_are_left_with_a_reason(inbox: Path) -> None:
    (inbox / "notes.txt").write_text("hello")
    (inbox / "empty.mov").write_bytes(b"")
    cv2.imwrite(str(inbox / "photo.png"), np.zeros((8, 8, 3), np.uint8))
    (inbox / "old.mp4.reason.txt").write_text("an earlier reason is no input")
    (inbox / os.fsdecode(b"caf\xe9.mp4")).write_bytes((inbox / "week" / "walk.mp4").read_bytes())
    checked = check(inbox)
    assert checked.accepted == ["week/labels.csv", "week/walk.mp4"]
    rejected = checked.rejected
    assert set(rejected) == {"caf\udce9.mp4", "empty.mov", "photo.png"}
    assert rejected["caf\udce9.mp4"] == "its name is not valid UTF-8; rename it"
    assert checked.unknown["notes.txt"] == "neither video, image nor label file; label files are **/labels.csv"
    assert "empty (0 bytes)" in rejected["empty.mov"]
    assert "no label file" in rejected["photo.png"]


def test_a_label_file_with_findings_keeps_every_finding(inbox: Path) -> None:
    (inbox / "week" / "labels.csv").write_text(f"{HEADER}walk.mp4,0,anna,ten,20\nwalk.mp4,1,anna,10,high\n")
    reason = check(inbox).rejected["week/labels.csv"]
    assert "ten" in reason
    assert len(reason.splitlines()) == 2


def test_what_collect_would_refuse_is_left(inbox: Path) -> None:
    for name, size in (("a", "96,64"), ("b", "64,64")):
        cv2.imwrite(str(inbox / f"{name}.png"), np.full((64, 96, 3), ord(name), np.uint8))
        (inbox / name).mkdir()
        row = f"../{name}.png,,anna,10,20,{size}\n"
        (inbox / name / "labels.csv").write_text(f"{HEADER.strip()},image_width,image_height\n{row}")
    (inbox / "week" / "more").mkdir()
    (inbox / "week" / "more" / "labels.csv").write_text(f"{HEADER}../walk.mp4,0,anna,11,20\n")
    checked = check(inbox)
    assert checked.accepted == ["a.png", "a/labels.csv"]
    assert set(checked.rejected) == {"b/labels.csv", "week/labels.csv", "week/more/labels.csv"}
    assert "b.png is 96x64, but was labelled as an image of 64x64" in checked.rejected["b/labels.csv"]
    assert "week/walk.mp4, frame 0, is labelled in" in checked.rejected["week/labels.csv"]
    assert set(checked.waiting) == {"b.png", "week/walk.mp4"}
