"""Sub-cell position of a map's peak: a Newton step on its logarithm from the highest cell (DARK).

Zhang et al. 2020, "Distribution-Aware Coordinate Representation for Human Pose Estimation" (arXiv:1910.06278). The
position is exact if the map is Gaussian.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

_LARGEST_STEP = 1.5  # in units of `reach`; for a maximum at the border the stencil is one `reach` away


def highest_cell(maps: Float[Tensor, "N K rows columns"]) -> Int[Tensor, "N K 2"]:
    """Return (column, row) of the highest cell of each map."""
    columns = maps.shape[3]
    peak = maps.flatten(2).argmax(dim=-1)
    return torch.stack([peak % columns, torch.div(peak, columns, rounding_mode="floor")], dim=-1)


def stencil(
    maps: Float[Tensor, "N K rows columns"], cells: Int[Tensor, "N K 2"], reach: int = 1
) -> Float[Tensor, "N K 9"]:
    """Return the 3x3 values at distance `reach` around a cell, row by row. The borders must be at least as far away."""
    columns = maps.shape[3]
    steps = (-reach, 0, reach)
    offsets = torch.tensor([dy * columns + dx for dy in steps for dx in steps], device=maps.device)
    around = (cells[..., 1] * columns + cells[..., 0])[..., None] + offsets
    return maps.flatten(2).gather(-1, around)


def dark(logarithms: Float[Tensor, "N K rows columns"], reach: int = 1) -> Float[Tensor, "N K 2"]:
    """Return (column, row) of the peak of each map, with fractions of a cell.

    Args:
        logarithms: Logarithms of the maps, up to an additive constant.
        reach: Distance in cells between the values of the finite differences. About the width of the peak is best,
            since noise then has little influence.
    """
    rows, columns = logarithms.shape[2:]
    reach = max(min(reach, (rows - 1) // 2, (columns - 1) // 2), 1)
    # for a maximum at the border the derivatives are taken further inside, where those of a Gaussian are as good
    limit = torch.tensor([columns - 1 - reach, rows - 1 - reach], device=logarithms.device)
    cell = torch.minimum(highest_cell(logarithms).clamp_min(reach), limit)
    return cell + reach * _newton_step(stencil(logarithms, cell, reach))


def dark_1d(logarithms: Float[Tensor, "N K bins"], reach: int = 1) -> Float[Tensor, "N K"]:
    """Return the position of the peak along one axis, with fractions of a bin."""
    reach = max(min(reach, (logarithms.shape[-1] - 1) // 2), 1)
    bins = logarithms.argmax(dim=-1, keepdim=True).clamp(reach, logarithms.shape[-1] - 1 - reach)
    low, middle, high = (logarithms.gather(-1, bins + step)[..., 0] for step in (-reach, 0, reach))
    curvature = 2 * middle - low - high
    step = (high - low) / (2 * curvature.clamp_min(1e-10))
    step = torch.where(curvature > 1e-10, step, torch.zeros_like(step)).clamp(-_LARGEST_STEP, _LARGEST_STEP)
    return bins[..., 0] + reach * step


def _newton_step(values: Float[Tensor, "N K 9"]) -> Float[Tensor, "N K 2"]:
    """Return the step (x, y) from the middle of a 3x3 stencil to the maximum of its quadratic, in units of `reach`."""
    a, b, c, d, e, f, g, h, i = values.unbind(dim=-1)
    dx, dy = (f - d) / 2, (h - b) / 2
    dxx, dyy, dxy = f - 2 * e + d, h - 2 * e + b, (i - g - c + a) / 4
    determinant = dxx * dyy - dxy**2
    peaked = (determinant > 1e-10) & (dxx < 0)
    safe = torch.where(peaked, determinant, torch.ones_like(determinant))
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=-1) / safe[..., None]
    return torch.where(peaked[..., None], step, torch.zeros_like(step)).clamp(-_LARGEST_STEP, _LARGEST_STEP)
