"""Copies for browsers: the same frames, upright, at known times, with many key frames."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from heelstrike.serve.viewing import media_times, write_view
from heelstrike.video.reader import VideoReader
from tests.videos import number_of, write_video

TIMES = [2000, 2033, 2100, 2120, 2500, 2540, 2541, 2700]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("variable.mp4", {"times": TIMES}),
        ("turned.mp4", {"rotation": 90, "width": 64, "height": 96}),
        ("old.avi", {"codec": "mpeg4"}),
        ("odd.mkv", {"codec": "ffv1", "width": 97, "height": 63}),
    ],
)
def test_a_copy_has_the_frames_that_are_measured_at_the_times_that_the_page_is_told(
    tmp_path: Path, name: str, options: dict
) -> None:
    path = write_video(tmp_path / name, frames=len(TIMES), **options)
    with VideoReader(path) as video:
        frames = list(video.frames())
    copy = write_view(path, tmp_path / "views" / name)
    with av.open(str(copy)) as container:
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [number_of(image) for _, image in shown] == [number_of(frame.image) for frame in frames]
    assert [time for time, _ in shown] == pytest.approx(media_times([frame.time_s for frame in frames]), abs=1e-9)
    assert shown[0][0] == 0.0
    height, width = frames[0].image.shape[:2]
    assert shown[0][1].shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(shown[0][1][:height, :width].astype(int) - frames[0].image).mean() < 6


def test_a_seek_decodes_at_most_four_frames(tmp_path: Path) -> None:
    copy = write_view(write_video(tmp_path / "walk.mp4", frames=18), tmp_path / "walk.mp4")
    with av.open(str(copy)) as container:
        keys = [n for n, packet in enumerate(p for p in container.demux(video=0) if p.size) if packet.is_keyframe]
    assert keys == [0, 4, 8, 12, 16]


def test_times_that_do_not_rise_are_one_tick_apart() -> None:
    assert media_times([5.0, 5.0, 4.0, 6.0]) == pytest.approx([0, 1 / 90_000, 2 / 90_000, 1.0])


def test_the_copy_of_a_scan_is_a_jpeg_of_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    cv2.imwrite(str(path), np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16))
    copy = cv2.imread(str(write_view(path, tmp_path / "views" / "scan.tif")))
    assert copy.shape == (48, 64, 3)
    assert copy[0].mean() < 10 < 245 < copy[-1].mean()
