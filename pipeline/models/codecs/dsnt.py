"""DSNT codec: one map per keypoint, normalised by softmax and read out by its expectation.

Nibali et al. 2018, "Numerical Coordinate Regression with Convolutional Neural Networks" (arXiv:1801.07372): the loss is
the distance of the expectation plus the Jensen-Shannon divergence of the map from a Gaussian at the keypoint.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, Grid, gaussian_log, highest_share
from pipeline.models.settings.codecs import DsntCodec


class Dsnt(Codec):
    """Raw output (N, K, rows, columns): logits of a spatial distribution; read-out: expectation, in float32.

    The outermost cells have the position of the image's edge instead of their own centre. An expectation never leaves
    the hull of the cells' positions, so points in the outer half cell could not be reached otherwise.
    """

    def __init__(self, grid: Grid, settings: DsntCodec = DsntCodec()) -> None:  # noqa: B008
        super().__init__(grid)
        self.sigma = settings.sigma

    def _positions(self, like: Tensor) -> tuple[Tensor, Tensor]:
        x, y = (c.to(device=like.device, dtype=torch.float32) for c in self.grid.centres())
        half = self.grid.stride / 2
        for centres in (x, y):
            centres[0] -= half
            centres[-1] += half
        return x, y

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K rows columns"]:
        """Put all weight on the four cells around a point, bilinearly, so that the expectation is exactly the point."""
        x, y = self._positions(keypoints)
        across, down = _hat(x, keypoints[..., 0]), _hat(y, keypoints[..., 1])
        return torch.log((down[..., :, None] * across[..., None, :]).clamp_min(1e-30))

    def loss(self, raw: Float[Tensor, "N K rows columns"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the distance in cells plus the Jensen-Shannon divergence from a Gaussian."""
        distance = torch.linalg.vector_norm(self.decode(raw) - keypoints, dim=-1) / self.grid.stride
        x, y = (c.to(raw.device) for c in self.grid.centres())
        sigma = self.sigma * self.grid.stride
        rows, columns = (gaussian_log(c, keypoints[..., i], sigma) for c, i in ((y, 1), (x, 0)))
        target = (rows[..., :, None] + columns[..., None, :]).flatten(2)
        return distance + _jensen_shannon(torch.log_softmax(raw.float().flatten(2), dim=-1), target)

    def decode(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K 2"]:
        """Return the expectation of each map in input pixels."""
        x, y = self._positions(raw)
        share = torch.softmax(raw.float().flatten(2), dim=-1).unflatten(2, (len(y), len(x)))
        return torch.stack([share.sum(dim=2) @ x, share.sum(dim=3) @ y], dim=-1)

    def confidence(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K"]:
        """Return the peak relative to that of the target Gaussian; one narrower than a cell has a peak of 1."""
        return highest_share(raw.flatten(2), min(1 / (2 * math.pi * self.sigma**2), 1.0))


def _hat(positions: Float[Tensor, "cells"], at: Float[Tensor, "N K"]) -> Float[Tensor, "N K cells"]:
    """Return the cells' linear interpolation weights for a coordinate. Cells may be unevenly spaced."""
    right = torch.searchsorted(positions, at.contiguous()).clamp(1, len(positions) - 1)
    share = (at - positions[right - 1]) / (positions[right] - positions[right - 1])
    weights = torch.zeros(*at.shape, len(positions), device=at.device, dtype=at.dtype)
    weights.scatter_(-1, right[..., None], share[..., None])
    return weights.scatter_(-1, right[..., None] - 1, 1 - share[..., None])


def _jensen_shannon(p: Float[Tensor, "N K cells"], q: Float[Tensor, "N K cells"]) -> Float[Tensor, "N K"]:
    """Return the Jensen-Shannon divergence in nats of two distributions given as logarithms."""
    middle = torch.logaddexp(p, q) - torch.log(p.new_tensor(2.0))
    return 0.5 * ((p.exp() * (p - middle)).sum(dim=-1) + (q.exp() * (q - middle)).sum(dim=-1))
