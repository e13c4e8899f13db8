"""Circles, squares and triangles on white, after the specification of the EE641 course's generator.

An image holds two to five shapes. Each class has its own range of sizes and its own colour, with a black outline. Later
shapes are drawn over earlier ones.
"""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import UInt8

from pipeline.synthetic.settings import SyntheticSource

CLASSES = ("circle", "square", "triangle")
Shape = tuple[int, tuple[int, int, int, int], float]
"""Index of the class; box edges x1, y1, x2, y2 with the image's left edge at 0; share not covered by later shapes."""

_SIZES = ((16, 32), (48, 96), (96, 192))  # smallest and largest side of each class in an image of _SIDE pixels
_COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
_BLACK = (0, 0, 0)
_SIDE = 224


def _circle(image: np.ndarray, x: int, y: int, side: int, colour: tuple[int, ...], thickness: int) -> None:
    cv2.circle(image, (x + side // 2, y + side // 2), side // 2, colour, thickness)


def _square(image: np.ndarray, x: int, y: int, side: int, colour: tuple[int, ...], thickness: int) -> None:
    cv2.rectangle(image, (x, y), (x + side, y + side), colour, thickness)


def _triangle(image: np.ndarray, x: int, y: int, side: int, colour: tuple[int, ...], thickness: int) -> None:
    corners = np.array([[x + side // 2, y], [x, y + side], [x + side, y + side]], np.int32)
    cv2.drawContours(image, [corners], 0, colour, thickness)


_DRAW: tuple[Callable[..., None], ...] = (_circle, _square, _triangle)


def picture(settings: SyntheticSource, index: int) -> tuple[UInt8[np.ndarray, "H W 3"], list[Shape]]:
    """Draw the image of (seed, index), RGB; return it with its shapes in the order of drawing."""
    rng = np.random.default_rng([settings.seed, index])
    image = np.full((settings.height, settings.width, 3), 255, np.uint8)
    smallest = min(settings.width, settings.height)
    shapes, masks = [], []
    for _ in range(int(rng.integers(2, 6))):
        kind = int(rng.integers(len(CLASSES)))
        low, high = (round(side * smallest / _SIDE) for side in _SIZES[kind])
        side = 2 * int(rng.integers(low // 2, high // 2 + 1))
        x, y = (int(rng.integers(0, extent - side)) for extent in (settings.width, settings.height))
        mask = np.zeros(image.shape[:2], np.uint8)
        _DRAW[kind](mask, x, y, side, (1,), -1)
        _DRAW[kind](image, x, y, side, _COLOURS[kind], -1)
        _DRAW[kind](image, x, y, side, _BLACK, 2)
        shapes.append((kind, (x, y, x + side, y + side)))
        masks.append(mask > 0)
    return image, [(*shape, share) for shape, share in zip(shapes, _visible(np.array(masks)), strict=True)]


def _visible(masks: UInt8[np.ndarray, "M H W"]) -> list[float]:
    """Return the share of each shape that no later shape covers."""
    shares: list[float] = []
    for number, mask in enumerate(masks):
        above = masks[number + 1 :].any(axis=0)
        shares.append(float((mask & ~above).sum() / max(mask.sum(), 1)))
    return shares
