"""Views: square regions of an image that a network looks at."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.preprocess.settings import PAD_VALUE

_SMALLEST = 16  # pixels; in a smaller view nothing can be recognised
_WIDER = 1.2  # legs side by side are judged by their height unless they are at least this much wider than high
_SIMILAR = 0.25  # largest distance of two views that show the same thing alike


@dataclass(frozen=True)
class View:
    """A square region of an image. It may reach beyond the image, which is then surrounded by gray.

    Attributes:
        x: Column of its first pixel.
        y: Row of its first pixel.
        side: Width and height in pixels.
    """

    x: int
    y: int
    side: int

    @classmethod
    def around(cls, centre: Float[np.ndarray, "2"], side: float) -> Self:
        """Return the view of about this side whose centre is nearest to a point (x, y).

        All its numbers are even, since the colours of a video have half the resolution.
        """
        pixels = max(_even(side), _SMALLEST)
        x, y = (_even(first) for first in (centre - (pixels - 1) / 2).tolist())
        return cls(x, y, pixels)

    @classmethod
    def of_keypoints(cls, keypoints: Float[np.ndarray, "K 2"], fill: float) -> Self:
        """Return the view in whose centre these keypoints are, and of whose side they take the share `fill`."""
        low, high = keypoints.min(axis=0), keypoints.max(axis=0)
        return cls.around((low + high) / 2, size_of(keypoints) / fill)

    @property
    def centre(self) -> Float[np.ndarray, "2"]:
        """The centre (x, y) in the image's pixels."""
        return np.array([self.x, self.y]) + (self.side - 1) / 2

    def zoomed(self, factor: float, shift: tuple[float, float]) -> "View":
        """Return a view whose side is `factor` times this one's, moved by shares (x, y) of its own side."""
        side = self.side * factor
        return View.around(self.centre + side * np.array(shift), side)

    def is_like(self, other: "View") -> bool:
        """Return True if what fills one view would nearly fill the other: about the same place and the same size."""
        away = float(np.linalg.norm(self.centre - other.centre)) / max(self.side, other.side)
        return max(abs(math.log(self.side / other.side)), 3 * away) < _SIMILAR

    @property
    def halved(self) -> "View":
        """The same region of an image of half the resolution, for an even view."""
        return View(self.x // 2, self.y // 2, self.side // 2)

    def cut(self, image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "side side 3"]:
        """Return the view's pixels; gray where it reaches beyond the image."""
        pixels = np.empty((self.side, self.side, 3), np.uint8)
        self.fill(image, pixels, PAD_VALUE)
        return pixels

    def fill(self, image: UInt8[np.ndarray, "H W *C"], pixels: UInt8[np.ndarray, "side side *C"], pad: int) -> None:
        """Write the view's pixels into an array, and `pad` where the view reaches beyond the image."""
        height, width = image.shape[:2]
        rows, columns = self._inside(self.y, height), self._inside(self.x, width)
        inside = image[rows, columns]
        if inside.shape[:2] != (self.side, self.side):
            pixels[:] = pad
        y, x = rows.start - self.y, columns.start - self.x
        pixels[y : y + inside.shape[0], x : x + inside.shape[1]] = inside

    def _inside(self, start: int, length: int) -> slice:
        first = min(max(start, 0), length)
        return slice(first, max(min(start + self.side, length), first))


def _even(number: float) -> int:
    """Return the nearest even number."""
    return 2 * round(number / 2)


def size_of(keypoints: Float[np.ndarray, "K 2"]) -> float:
    """Return the size of an arrangement of keypoints in pixels: its height, or its width if it is much wider."""
    width, height = np.ptp(np.asarray(keypoints, np.float64), axis=0).tolist()
    return max(height, _WIDER * width)


def tiles(width: int, height: int, share: float) -> list[View]:
    """Return overlapping views that cover an image, each with `share` of its shorter side, in steps of half a view."""
    side = max(int(min(width, height) * share), _SMALLEST)
    starts = [
        np.unique(np.linspace(0, max(n - side, 0), math.ceil(2 * max(n - side, 0) / side) + 1).round().astype(int))
        for n in (width, height)
    ]
    return [View(x, y, side) for y in starts[1].tolist() for x in starts[0].tolist()]
