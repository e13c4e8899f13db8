"""Where a map is highest, between its cells: a Newton step on its logarithm from the highest cell (DARK).

Zhang et al. 2020, "Distribution-Aware Coordinate Representation for Human Pose Estimation" (arXiv:1910.06278); exact
where the map is Gaussian.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

_LARGEST_STEP = 1.5  # reaches; from a maximum at the border the stencil is one reach away


def highest_cell(maps: Float[Tensor, "N K rows columns"]) -> Int[Tensor, "N K 2"]:
    """(column, row) of the highest cell of each map."""
    columns = maps.shape[3]
    peak = maps.flatten(2).argmax(dim=-1)
    return torch.stack([peak % columns, torch.div(peak, columns, rounding_mode="floor")], dim=-1)


def stencil(
    maps: Float[Tensor, "N K rows columns"], cells: Int[Tensor, "N K 2"], reach: int = 1
) -> Float[Tensor, "N K 9"]:
    """The values at a cell and `reach` cells around it, row by row; the cell at least as far from the borders."""
    columns = maps.shape[3]
    steps = (-reach, 0, reach)
    offsets = torch.tensor([dy * columns + dx for dy in steps for dx in steps], device=maps.device)
    around = (cells[..., 1] * columns + cells[..., 0])[..., None] + offsets
    return maps.flatten(2).gather(-1, around)


def dark(logarithms: Float[Tensor, "N K rows columns"], reach: int = 1) -> Float[Tensor, "N K 2"]:
    """(column, row) of the peak of each map, between its cells.

    Args:
        logarithms: Of the maps, up to a constant that the derivatives do not see.
        reach: Cells between the values that the derivatives are taken from; about the width of the peak, so that
            noise counts little.
    """
    rows, columns = logarithms.shape[2:]
    reach = max(min(reach, (rows - 1) // 2, (columns - 1) // 2), 1)
    # a maximum at the border takes its derivatives further inside: a Gaussian's are the same everywhere
    limit = torch.tensor([columns - 1 - reach, rows - 1 - reach], device=logarithms.device)
    cell = torch.minimum(highest_cell(logarithms).clamp_min(reach), limit)
    return cell + reach * _newton_step(stencil(logarithms, cell, reach))


def dark_1d(logarithms: Float[Tensor, "N K bins"], reach: int = 1) -> Float[Tensor, "N K"]:
    """The same along one axis."""
    reach = max(min(reach, (logarithms.shape[-1] - 1) // 2), 1)
    bins = logarithms.argmax(dim=-1, keepdim=True).clamp(reach, logarithms.shape[-1] - 1 - reach)
    low, middle, high = (logarithms.gather(-1, bins + step)[..., 0] for step in (-reach, 0, reach))
    curvature = 2 * middle - low - high
    step = (high - low) / (2 * curvature.clamp_min(1e-10))
    step = torch.where(curvature > 1e-10, step, torch.zeros_like(step)).clamp(-_LARGEST_STEP, _LARGEST_STEP)
    return bins[..., 0] + reach * step


def _newton_step(values: Float[Tensor, "N K 9"]) -> Float[Tensor, "N K 2"]:
    """(x, y) from the middle of a 3x3 stencil (row by row) to the maximum of the quadratic through it, in reaches."""
    a, b, c, d, e, f, g, h, i = values.unbind(dim=-1)
    dx, dy = (f - d) / 2, (h - b) / 2
    dxx, dyy, dxy = f - 2 * e + d, h - 2 * e + b, (i - g - c + a) / 4
    determinant = dxx * dyy - dxy**2
    peaked = (determinant > 1e-10) & (dxx < 0)
    safe = torch.where(peaked, determinant, torch.ones_like(determinant))
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=-1) / safe[..., None]
    return torch.where(peaked[..., None], step, torch.zeros_like(step)).clamp(-_LARGEST_STEP, _LARGEST_STEP)
