"""Heatmap codec: a Gaussian of height 1 at each keypoint (Tompson et al. 2014), with four read-outs."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, Grid
from pipeline.models.codecs.peaks import dark, highest_cell, stencil
from pipeline.models.settings.codecs import HeatmapCodec

_LOWEST = 1e-7  # lower limit of a map before its logarithm; a Gaussian falls below it at 5.7 standard deviations
_WINDOW = 3.0  # half size of the window of an expectation around the highest cell, standard deviations
_NEWTON_STEPS = 5


class Heatmap(Codec):
    """Raw output (N, K, rows, columns): the map itself, near 1 at the keypoint and 0 elsewhere."""

    def __init__(self, grid: Grid, settings: HeatmapCodec = HeatmapCodec()) -> None:  # noqa: B008
        super().__init__(grid)
        self.sigma, self._read_out = settings.sigma, READ_OUTS[settings.decode]

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K rows columns"]:
        """Return maps with a Gaussian at each point."""
        cells = (keypoints + 0.5) / self.grid.stride - 0.5
        across, down = (
            torch.exp(-((torch.arange(n).to(cells) - cells[..., axis, None]) ** 2) / (2 * self.sigma**2))
            for axis, n in enumerate((self.grid.columns, self.grid.rows))
        )
        return down[..., :, None] * across[..., None, :]

    def loss(self, raw: Float[Tensor, "N K rows columns"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the squared error summed over the map, relative to that of an empty map, for any size and sigma."""
        squares = (raw.float() - self.encode(keypoints)) ** 2
        return squares.flatten(2).sum(dim=-1) / (math.pi * self.sigma**2)

    def decode(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K 2"]:
        """Return the position of each map's peak in input pixels, in float32."""
        return self.grid.stride * (self._read_out(raw.float(), self.sigma) + 0.5) - 0.5

    def confidence(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K"]:
        """Return the height of each map's peak."""
        return raw.float().flatten(2).amax(dim=-1).clamp(0, 1)


def _argmax(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Return the highest cell; the error is up to half a cell."""
    return highest_cell(maps).to(maps.dtype)


def _quarter(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Shift by a quarter of a cell towards the higher neighbour, except at the border (Newell et al. 2016)."""
    cell = highest_cell(maps)
    limit = torch.tensor([maps.shape[3] - 2, maps.shape[2] - 2], device=maps.device)
    inner = torch.minimum(cell.clamp_min(1), limit)
    values = stencil(maps, inner)
    slope = torch.stack([values[..., 5] - values[..., 3], values[..., 7] - values[..., 1]], dim=-1)
    return cell + 0.25 * torch.sign(slope) * (cell == inner)


def _dark(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Apply a Newton step on the logarithm of the map (DARK)."""
    return dark(torch.log(maps.clamp_min(_LOWEST)), round(sigma))


def _soft_argmax(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Return the expectation in a window around the highest cell, corrected for the clipped part of the Gaussian.

    An expectation is biased towards the middle of its window, most of all at the image's border. So the result is the
    centre of the Gaussian whose part inside the window has this expectation, which is its most likely centre.
    """
    peak = highest_cell(maps)
    values, reach = maps.clamp_min(0), math.ceil(_WINDOW * sigma)
    inside = [
        (torch.arange(n, device=maps.device) - peak[..., axis, None]).abs() <= reach
        for axis, n in enumerate((maps.shape[3], maps.shape[2]))
    ]
    part = values * (inside[1][..., :, None] & inside[0][..., None, :])
    centres = [_centre(part.sum(dim=2 + axis), inside[axis], sigma) for axis in (0, 1)]
    return torch.stack(centres, dim=-1)


def _centre(weights: Float[Tensor, "N K cells"], inside: Tensor, sigma: float) -> Float[Tensor, "N K"]:
    """Return the centre of the Gaussian whose mean over the cells inside is that of the weights, by Newton's method."""
    cells = torch.arange(weights.shape[-1], device=weights.device, dtype=weights.dtype)
    mean = (weights * cells).sum(dim=-1) / weights.sum(dim=-1).clamp_min(_LOWEST)
    centre = mean
    for _ in range(_NEWTON_STEPS):
        exponent = -((cells - centre[..., None]) ** 2) / (2 * sigma**2)
        share = torch.softmax(torch.where(inside, exponent, torch.full_like(exponent, -1e4)), dim=-1)
        expected = (share * cells).sum(dim=-1)
        spread = (share * (cells - expected[..., None]) ** 2).sum(dim=-1) / sigma**2
        centre = centre + ((mean - expected) / spread.clamp_min(1e-3)).clamp(-sigma, sigma)
    return centre.clamp(-1.0, float(weights.shape[-1]))


READ_OUTS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "argmax": _argmax,
    "quarter": _quarter,
    "dark": _dark,
    "soft_argmax": _soft_argmax,
}
"""Name -> function from (maps, sigma in cells) to the peaks' (column, row)."""
