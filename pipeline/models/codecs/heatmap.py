"""Heatmaps: a Gaussian of height 1 at each keypoint (Tompson et al. 2014), with four ways to read it out."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, Grid
from pipeline.models.codecs.peaks import dark, highest_cell, stencil
from pipeline.models.settings.codecs import HeatmapCodec

_LOWEST = 1e-7  # of a map before its logarithm is taken: a Gaussian is less at 5.7 standard deviations
_WINDOW = 3.0  # standard deviations around the highest cell that an expectation is taken over
_NEWTON_STEPS = 5


class Heatmap(Codec):
    """Raw output (N, K, rows, columns): the map itself, near 1 at the keypoint and 0 elsewhere."""

    def __init__(self, grid: Grid, settings: HeatmapCodec = HeatmapCodec()) -> None:  # noqa: B008
        super().__init__(grid)
        self.sigma, self._read_out = settings.sigma, READ_OUTS[settings.decode]

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K rows columns"]:
        """The Gaussian at the point."""
        cells = (keypoints + 0.5) / self.grid.stride - 0.5
        across, down = (
            torch.exp(-((torch.arange(n).to(cells) - cells[..., axis, None]) ** 2) / (2 * self.sigma**2))
            for axis, n in enumerate((self.grid.columns, self.grid.rows))
        )
        return down[..., :, None] * across[..., None, :]

    def loss(self, raw: Float[Tensor, "N K rows columns"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Mean squared error over the map, in units of what an empty map costs, whatever its size and sigma."""
        squares = (raw.float() - self.encode(keypoints)) ** 2
        return squares.flatten(2).sum(dim=-1) / (math.pi * self.sigma**2)

    def decode(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K 2"]:
        """See `Codec.decode`; in float32."""
        return self.grid.stride * (self._read_out(raw.float(), self.sigma) + 0.5) - 0.5

    def confidence(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K"]:
        """The map's height."""
        return raw.float().flatten(2).amax(dim=-1).clamp(0, 1)


def _argmax(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Half a cell off at most."""
    return highest_cell(maps).to(maps.dtype)


def _quarter(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Newell et al. 2016: a quarter of a cell towards the higher neighbour; at the border there is none to compare."""
    cell = highest_cell(maps)
    limit = torch.tensor([maps.shape[3] - 2, maps.shape[2] - 2], device=maps.device)
    inner = torch.minimum(cell.clamp_min(1), limit)
    values = stencil(maps, inner)
    slope = torch.stack([values[..., 5] - values[..., 3], values[..., 7] - values[..., 1]], dim=-1)
    return cell + 0.25 * torch.sign(slope) * (cell == inner)


def _dark(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """From the logarithm."""
    return dark(torch.log(maps.clamp_min(_LOWEST)), round(sigma))


def _soft_argmax(maps: Tensor, sigma: float) -> Float[Tensor, "N K 2"]:
    """Expectation in a window around the highest cell, corrected for the part of the Gaussian that the window lacks.

    An expectation is drawn towards the middle of what it is taken over, most of all at the image's border. What is
    taken instead is the centre of that Gaussian whose part in the window has this expectation: its most likely centre.
    """
    peak = highest_cell(maps)
    values, reach = maps.clamp_min(0), math.ceil(_WINDOW * sigma)
    inside = [
        (torch.arange(n, device=maps.device) - peak[..., axis, None]).abs() <= reach
        for axis, n in enumerate((maps.shape[3], maps.shape[2]))
    ]
    part = values * (inside[1][..., :, None] & inside[0][..., None, :])
    found = [_centre(part.sum(dim=2 + axis), inside[axis], sigma) for axis in (0, 1)]
    return torch.stack(found, dim=-1)


def _centre(weights: Float[Tensor, "N K cells"], inside: Tensor, sigma: float) -> Float[Tensor, "N K"]:
    """The centre of the Gaussian that has the weights' mean over the cells inside, by Newton's method."""
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
"""Name to (maps, sigma in cells) to the peaks' (column, row)."""
