"""The check of an inbox before it is versioned."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.video.writer import write_video
from pipeline.collect.check import check_inbox
from pipeline.collect.settings import CollectSettings
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


def test_a_good_inbox_is_taken_whole(inbox: Path) -> None:
    checked = check_inbox(inbox, SETTINGS, PROBLEM)
    assert checked.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert checked.rejected == {}


def test_a_bad_video_takes_its_labels_with_it_and_nothing_else(inbox: Path) -> None:
    other = inbox / "other"
    other.mkdir()
    (other / "cut.mp4").write_bytes(b"this is no video" * 100)
    (other / "labels.csv").write_text(f"{HEADER}cut.mp4,0,bo,1,2\n")
    checked = check_inbox(inbox, SETTINGS, PROBLEM)
    assert checked.accepted == ["week/labels.csv", "week/walk.mp4"]
    assert "not a readable video" in checked.rejected["other/cut.mp4"]
    assert checked.waiting == {"other/labels.csv": ["other/cut.mp4"]}


def test_a_frame_beyond_the_end_is_named_with_its_row(inbox: Path) -> None:
    (inbox / "week" / "labels.csv").write_text(f"{HEADER}walk.mp4,10,anna,10,20\n")
    checked = check_inbox(inbox, SETTINGS, PROBLEM)
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
    rejected = check_inbox(inbox, SETTINGS, PROBLEM).rejected
    assert set(rejected) == {"notes.txt", "empty.mov", "photo.png"}
    assert rejected["notes.txt"] == "neither video, image nor label file; label files are **/labels.csv"
    assert "empty (0 bytes)" in rejected["empty.mov"]
    assert "no label file" in rejected["photo.png"]


def test_a_label_file_with_findings_keeps_every_finding(inbox: Path) -> None:
    (inbox / "week" / "labels.csv").write_text(f"{HEADER}walk.mp4,0,anna,ten,20\nwalk.mp4,1,anna,10,high\n")
    reason = check_inbox(inbox, SETTINGS, PROBLEM).rejected["week/labels.csv"]
    assert "ten" in reason
    assert len(reason.splitlines()) == 2
