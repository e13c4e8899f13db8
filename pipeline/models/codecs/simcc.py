"""SimCC codec: each coordinate is classified into bins narrower than a pixel.

Li et al. 2022, "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation" (arXiv:2107.03332).
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.codecs.base import Codec, Grid, gaussian_log, highest_share
from pipeline.models.codecs.peaks import dark_1d
from pipeline.models.settings.codecs import SimccCodec


class Simcc(Codec):
    """Raw output (N, K, bins of x, then bins of y): logits; target: a Gaussian along each axis."""

    def __init__(self, grid: Grid, settings: SimccCodec = SimccCodec()) -> None:  # noqa: B008
        super().__init__(grid)
        self.split, self.sigma = settings.split, settings.sigma
        self.bins = (grid.width * settings.split, grid.height * settings.split)
        self._read_out = READ_OUTS[settings.decode]

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K bins"]:
        """Return the logarithms of the Gaussians at the point, each normalised over its axis."""
        axes = [
            gaussian_log((torch.arange(n) + 0.5) / self.split - 0.5, keypoints[..., axis], self.sigma / self.split)
            for axis, n in enumerate(self.bins)
        ]
        return torch.cat(axes, dim=-1)

    def loss(self, raw: Float[Tensor, "N K bins"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the Kullback-Leibler divergence, summed over both axes; 0 is perfect."""
        target, losses = self.encode(keypoints).split(self.bins, dim=-1), []
        for logits, expected in zip(raw.float().split(self.bins, dim=-1), target, strict=True):
            losses.append((expected.exp() * (expected - torch.log_softmax(logits, dim=-1))).sum(dim=-1))
        return losses[0] + losses[1]

    def decode(self, raw: Float[Tensor, "N K bins"]) -> Float[Tensor, "N K 2"]:
        """Return the position of the peak along each axis in input pixels, in float32."""
        peaks = [self._read_out(axis, round(self.sigma / 2)) for axis in raw.float().split(self.bins, dim=-1)]
        return (torch.stack(peaks, dim=-1) + 0.5) / self.split - 0.5

    def confidence(self, raw: Float[Tensor, "N K bins"]) -> Float[Tensor, "N K"]:
        """Return the lower confidence of both axes."""
        ideal = 1 / (math.sqrt(2 * math.pi) * self.sigma)
        x, y = (highest_share(axis, ideal) for axis in raw.split(self.bins, dim=-1))
        return torch.minimum(x, y)


def _argmax(logits: Float[Tensor, "N K bins"], reach: int) -> Float[Tensor, "N K"]:
    """Return the highest bin; the error is up to half a bin."""
    return logits.argmax(dim=-1).to(logits.dtype)


READ_OUTS: dict[str, Callable[[Tensor, int], Tensor]] = {"argmax": _argmax, "dark": dark_1d}
"""Name -> function from (logits, distance in bins of the finite differences) to the peak's bin."""
