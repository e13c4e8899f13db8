"""Hostile videos and images: the right pixels, or a message that names the file; nothing is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.images import read_picture
from heelstrike.video.reader import VideoReader
from tests.hostile import image_inputs, video_inputs
from tests.hostile.checks import Input, judge, parametrised
from tests.videos import number_of

pytestmark = pytest.mark.timeout(30)


def read_video(path: Path) -> dict[str, Any]:
    """How many frames there are, their size, and the number that is drawn into the first; `None` where turned."""
    with VideoReader(path) as video:
        frames = list(video.frames())
    assert len({frame.image.shape for frame in frames}) == 1, "the size changes within the video"
    height, width = frames[0].image.shape[:2]
    first = number_of(frames[0].image) if (width, height) in ((96, 64), (95, 63)) else None
    return {"frames": len(frames), "size": (width, height), "first": first}


def read_image(path: Path) -> dict[str, Any]:
    """Size as displayed, the corner that is white, and the size of a pixel."""
    picture = read_picture(path)
    height, width = picture.image.shape[:2]
    assert picture.image.dtype == np.uint8 and picture.image.shape[2] == 3
    corners = {
        "top left": picture.image[:8, :8],
        "top right": picture.image[:8, -8:],
        "bottom left": picture.image[-8:, :8],
        "bottom right": picture.image[-8:, -8:],
    }
    brightest = max(corners, key=lambda corner: corners[corner].mean())
    return {"size": (width, height), "corner": brightest, "mm_per_px": picture.mm_per_px}


@parametrised(video_inputs.INPUTS)
def test_videos(entry: Input, tmp_path: Path) -> None:
    judge(entry, tmp_path, read_video)


@parametrised(image_inputs.INPUTS)
def test_images(entry: Input, tmp_path: Path) -> None:
    judge(entry, tmp_path, read_image)
