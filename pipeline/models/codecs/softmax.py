"""Spatial softmax with cross-entropy, read out by DARK.

Zhang et al. 2020, "Distribution-Aware Coordinate Representation for Human Pose Estimation" (arXiv:1910.06278): a Newton
step on the logarithm of the map from its maximum; exact where the map is Gaussian. The logits are that logarithm, up to
a constant that the derivatives do not see.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, gaussian_log

_SIGMA_CELLS = 1.5
_LARGEST_STEP = 1.5  # cells; from a maximum at the border the stencil is one cell away


class Softmax(Codec):
    """Raw output (N, K, rows, columns): logits of a spatial distribution; target: a Gaussian; read-out: DARK."""

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K rows columns"]:
        """Logarithm of a Gaussian at the point, normalised over the map."""
        x, y = self.grid.centres()
        sigma = _SIGMA_CELLS * self.grid.stride
        rows, columns = gaussian_log(y, keypoints[..., 1], sigma), gaussian_log(x, keypoints[..., 0], sigma)
        return rows[..., :, None] + columns[..., None, :]

    def loss(self, raw: Float[Tensor, "N K rows columns"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Kullback-Leibler divergence: the cross-entropy less its smallest possible value, so that 0 is perfect."""
        target = self.encode(keypoints).flatten(2)
        return (target.exp() * (target - torch.log_softmax(raw.float().flatten(2), dim=-1))).sum(dim=-1)

    def decode(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K 2"]:
        """The maximum's cell and a Newton step from it, in float32."""
        logits = raw.float()
        rows, columns = logits.shape[2:]
        peak = logits.flatten(2).argmax(dim=-1)
        # a maximum at the border takes its derivatives one cell inside: a Gaussian's are the same everywhere
        row = torch.div(peak, columns, rounding_mode="floor").clamp(1, rows - 2)
        column = (peak % columns).clamp(1, columns - 2)
        offsets = torch.tensor([dy * columns + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)], device=raw.device)
        around = (row * columns + column)[..., None] + offsets
        step = _newton_step(logits.flatten(2).gather(-1, around))
        cell = torch.stack([column, row], dim=-1) + step
        return self.grid.stride * (cell + 0.5) - 0.5


def _newton_step(values: Float[Tensor, "N K 9"]) -> Float[Tensor, "N K 2"]:
    """(x, y) from the middle of a 3x3 stencil (row by row) to the maximum of the quadratic through it, in cells."""
    a, b, c, d, e, f, g, h, i = values.unbind(dim=-1)
    dx, dy = (f - d) / 2, (h - b) / 2
    dxx, dyy, dxy = f - 2 * e + d, h - 2 * e + b, (i - g - c + a) / 4
    determinant = dxx * dyy - dxy**2
    peaked = (determinant > 1e-10) & (dxx < 0)
    safe = torch.where(peaked, determinant, torch.ones_like(determinant))
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=-1) / safe[..., None]
    return torch.where(peaked[..., None], step, torch.zeros_like(step)).clamp(-_LARGEST_STEP, _LARGEST_STEP)
