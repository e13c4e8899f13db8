"""Spatial softmax codec with cross-entropy, read out by DARK, which needs the logarithms that the logits are."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, Grid, gaussian_log, highest_share
from pipeline.models.codecs.peaks import dark
from pipeline.models.settings.codecs import SoftmaxCodec


class Softmax(Codec):
    """Raw output (N, K, rows, columns): logits of a spatial distribution; target: a Gaussian; read-out: DARK."""

    def __init__(self, grid: Grid, settings: SoftmaxCodec = SoftmaxCodec()) -> None:  # noqa: B008
        super().__init__(grid)
        self.sigma = settings.sigma

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K rows columns"]:
        """Return the logarithm of a Gaussian at the point, normalised over the map."""
        x, y = self.grid.centres()
        sigma = self.sigma * self.grid.stride
        rows, columns = gaussian_log(y, keypoints[..., 1], sigma), gaussian_log(x, keypoints[..., 0], sigma)
        return rows[..., :, None] + columns[..., None, :]

    def loss(self, raw: Float[Tensor, "N K rows columns"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the Kullback-Leibler divergence: the cross-entropy minus its smallest possible value; 0 is perfect."""
        target = self.encode(keypoints).flatten(2)
        return (target.exp() * (target - torch.log_softmax(raw.float().flatten(2), dim=-1))).sum(dim=-1)

    def decode(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K 2"]:
        """Return the peaks in input pixels: the highest cell plus a Newton step, in float32."""
        return self.grid.stride * (dark(raw.float()) + 0.5) - 0.5

    def confidence(self, raw: Float[Tensor, "N K rows columns"]) -> Float[Tensor, "N K"]:
        """Return the largest probability relative to that of the target Gaussian."""
        return highest_share(raw.flatten(2), 1 / (2 * math.pi * self.sigma**2))
