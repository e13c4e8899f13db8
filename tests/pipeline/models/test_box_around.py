"""A box around keypoints: margins, the image's edge, images without a keypoint."""

import pytest
import torch

from heelstrike.preprocess.settings import PAD_VALUE, InputSize
from pipeline.models.box_around import BoxAroundKeypoints, image_extent
from pipeline.models.codecs import BoxCodec
from pipeline.problem import Problem

PROBLEM = Problem(category="c", keypoints=("a", "b"), input=InputSize(width=64, height=48))


@pytest.fixture
def pixels() -> torch.Tensor:
    """An image of 64 x 32 between bars of 8 rows."""
    pixels = torch.full((1, 48, 64, 3), PAD_VALUE, dtype=torch.uint8)
    pixels[:, 8:40] = torch.randint(0, 255, (1, 32, 64, 3), dtype=torch.uint8)
    return pixels


def _box(pixels: torch.Tensor, points: list[list[float]], present: list[bool], margin: float) -> list[float]:
    source = BoxAroundKeypoints(PROBLEM)
    with torch.no_grad():
        source.margins.copy_((margin - 1) / torch.tensor([64, 48, 64, 48]))
        box = source(torch.ones(1, 4), torch.tensor([points]), torch.tensor([present]), pixels)
    decoded: list[float] = BoxCodec(64, 48).decode(box)[0].tolist()
    return decoded


def test_margins_grow_the_extent_of_what_is_present(pixels: torch.Tensor) -> None:
    assert _box(pixels, [[20, 15], [30, 25]], [True, True], 3) == pytest.approx([17, 12, 16, 16], abs=1e-3)
    assert _box(pixels, [[20, 15], [60, 39]], [True, False], 3) == pytest.approx([17, 12, 6, 6], abs=1e-3)


def test_the_image_cuts_it_off_not_the_bars(pixels: torch.Tensor) -> None:
    assert _box(pixels, [[5, 12], [60, 38]], [True, True], 10) == pytest.approx([-0.5, 7.5, 64, 32], abs=1e-2)


def test_without_a_keypoint_it_is_the_image(pixels: torch.Tensor) -> None:
    assert _box(pixels, [[5, 12], [60, 38]], [False, False], 10) == pytest.approx([-0.5, 7.5, 64, 32], abs=1e-2)


def test_an_image_without_bars_reaches_to_the_edge() -> None:
    least, most = image_extent(torch.randint(0, 100, (2, 48, 64, 3), dtype=torch.uint8))
    assert least.tolist() == [[-0.5, -0.5]] * 2
    assert most.tolist() == [[63.5, 47.5]] * 2
