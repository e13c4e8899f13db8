"""Frames that are scaled from the decoder's planes have the pixels that the graph would make of the RGB image."""

import itertools

import av
import numpy as np
import pytest

from heelstrike.package.image import ArrayImage, Image
from heelstrike.package.view import View
from heelstrike.preprocess.settings import InputSize
from heelstrike.video.image import DecodedImage
from heelstrike.video.orientation import Orientation
from pipeline.prepare.preprocess import Preprocess

LEVELS = 2  # gray levels by which the two ways may differ in the mean
LEVELS_AT_EDGES = 24  # the same at any pixel: there are edges of strong colours, which have half the resolution
LEVELS_OF_GRAY = 9  # the same of the mean of the three colours
SIZE = InputSize(width=64, height=64)
ORIENTATIONS = [Orientation(*changes) for changes in itertools.product((False, True), repeat=3)]


def scene(width: int, height: int) -> np.ndarray:
    """Coloured waves, so that every place and direction looks different, with sharp edges."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 9 + y / 31), np.sin(x / 23 - y / 12), np.sin((x - 40) * (y + 9) / 900)]
    image = 128 + 100 * np.stack(waves, axis=-1)
    image[height // 3 : height // 2, width // 4 : width // 2] = (220, 40, 40)
    return image.astype(np.uint8)


def decoded(width: int, height: int, orientation: Orientation, format: str, full_range: bool = False) -> DecodedImage:
    frame = av.VideoFrame.from_ndarray(scene(width, height), format="rgb24")
    ranges = {"dst_color_range": "JPEG"} if full_range else {}
    return DecodedImage(frame.reformat(format=format, **ranges), orientation)


def assert_alike(image: Image, expected: np.ndarray) -> None:
    """Compare what a network sees of an image with what it sees of the RGB pixels."""
    scale = Preprocess(SIZE)
    assert image.shape == expected.shape[:2]
    seen, letterbox = scale(np.ascontiguousarray(image.for_input(SIZE)))
    wanted, wanted_letterbox = scale(np.ascontiguousarray(expected))
    assert letterbox[1:].tolist() == wanted_letterbox[1:].tolist()
    apart = np.abs(seen.astype(int) - wanted)
    assert apart.mean() <= LEVELS
    assert apart.max() <= LEVELS_AT_EDGES
    gray = seen.mean(axis=2) - wanted.mean(axis=2)
    assert np.abs(gray).max() <= LEVELS_OF_GRAY


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
@pytest.mark.parametrize("full_range", [False, True])
def test_views_are_scaled_alike_in_every_orientation(orientation: Orientation, full_range: bool) -> None:
    image = decoded(320, 192, orientation, "yuv420p", full_range)
    for view in (View(40, 12, 150), View(-30, 26, 202), View(100, -50, 300), View(8, 20, 40)):
        part = image.cut(view)
        assert isinstance(part, DecodedImage)
        assert_alike(part, view.cut(image.rgb))
        assert part.for_input(SIZE).shape[0] <= 64


def test_a_whole_frame_is_scaled_if_both_sides_get_whole_pixels() -> None:
    for (width, height), rows in (((320, 240), 48), ((320, 192), 38), ((320, 120), 24)):
        image = decoded(width, height, Orientation(), "yuv420p")
        whole = 64 * height % width == 0
        assert image.for_input(SIZE).shape == ((rows, 64, 3) if whole else (height, width, 3))
        assert_alike(image, image.rgb)


@pytest.mark.parametrize(
    ("width", "height", "format"), [(320, 192, "yuv444p"), (320, 192, "yuv420p10le"), (321, 193, "yuv420p")]
)
def test_other_frames_are_scaled_by_the_graph(width: int, height: int, format: str) -> None:
    image, view = decoded(width, height, Orientation(True, True, False), format), View(20, 30, 120)
    assert image.for_input(SIZE) is image.rgb
    np.testing.assert_array_equal(image.cut(view).for_input(SIZE), view.cut(image.rgb))


def test_an_odd_view_is_cut_from_the_rgb_image() -> None:
    image, view = decoded(320, 192, Orientation(), "yuv420p"), View(21, 30, 120)
    assert isinstance(image.cut(view), ArrayImage)
    np.testing.assert_array_equal(image.cut(view).rgb, view.cut(image.rgb))


def test_the_pixels_of_an_unscaled_part_are_those_of_the_whole() -> None:
    image, view = decoded(320, 192, Orientation(False, True, False), "yuv420p"), View(20, 30, 60)
    np.testing.assert_array_equal(image.cut(view).rgb, view.cut(image.rgb))
