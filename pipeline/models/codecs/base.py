"""Base class of the codecs, and the grid that maps cells of a network's map to input pixels."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Grid:
    """The cells of a network's map over its input image.

    Attributes:
        width: Input width in pixels.
        height: Input height in pixels.
        stride: Input pixels per cell.
        columns: Cells in a row of the map; with padding the cells may reach beyond the image.
        rows: Cells in a column of the map.
    """

    width: int
    height: int
    stride: int = 1
    columns: int = 0
    rows: int = 0

    @classmethod
    def over(cls, width: int, height: int, stride: int, multiple: int) -> "Grid":
        """Return the grid over an input that is padded to a multiple of `multiple` pixels."""
        columns, rows = (-(-side // multiple) * (multiple // stride) for side in (width, height))
        return cls(width, height, stride, columns, rows)

    def centres(self) -> tuple[Tensor, Tensor]:
        """Return the input pixel coordinates of the cells' centres: x (columns,), y (rows,).

        The first cell of stride 4 covers the pixels 0 to 3, so its centre is at 1.5.
        """
        x, y = (self.stride * (torch.arange(n) + 0.5) - 0.5 for n in (self.columns, self.rows))
        return x, y


class Codec(ABC):
    """Target, loss, read-out and confidence of K keypoints in one object.

    Args:
        grid: Position of the network's map in its input.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    @abstractmethod
    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Tensor:
        """Return the raw output of a perfect network: `decode(encode(x))` is x.

        Args:
            keypoints: (x, y) in input pixels, finite, within the image.

        Returns:
            (N, K, 2) for coordinates, (N, K, rows, columns) for maps, (N, K, bins) for classified coordinates.
        """

    @abstractmethod
    def loss(self, raw: Tensor, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the loss of each point. The caller masks missing points, whose coordinates must still be finite."""

    @abstractmethod
    def decode(self, raw: Tensor) -> Float[Tensor, "N K 2"]:
        """Read keypoints (x, y) in input pixels out of a network's raw output."""

    @abstractmethod
    def confidence(self, raw: Tensor) -> Float[Tensor, "N K"]:
        """Return the confidence in each point, in [0, 1]: the peak relative to that of a perfect raw output."""


def gaussian_log(centres: Float[Tensor, "cells"], at: Float[Tensor, "N K"], sigma: float) -> Float[Tensor, "N K cells"]:
    """Return the logarithm of a Gaussian along one axis, normalised over the cells.

    Args:
        centres: Pixel coordinates of the cells.
        at: Pixel coordinate of the peak.
        sigma: Standard deviation in pixels.
    """
    squared = (centres.to(at) - at[..., None]) ** 2
    return torch.log_softmax(-squared / (2 * sigma**2), dim=-1)


def highest_share(logits: Float[Tensor, "N K cells"], ideal: float) -> Float[Tensor, "N K"]:
    """Return the largest probability of a distribution relative to that of a perfect one, at most 1.

    Args:
        logits: Logits of the distribution.
        ideal: Largest probability of a perfect distribution.
    """
    return (torch.softmax(logits.float(), dim=-1).amax(dim=-1) / ideal).clamp_max(1)
