"""Codec of coordinates from fully connected layers."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pipeline.models.codecs.base import Codec


class Coordinates(Codec):
    """Raw output (N, K, 2): offset from the image centre, -1 and 1 at the edges. Loss: ten times smooth L1."""

    def _scale(self, like: Tensor) -> tuple[Tensor, Tensor]:
        half = like.new_tensor([self.grid.width / 2, self.grid.height / 2])
        return half, half - 0.5

    def encode(self, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K 2"]:
        """Return the offsets of keypoints from the image centre."""
        half, centre = self._scale(keypoints)
        return (keypoints - centre) / half

    def loss(self, raw: Float[Tensor, "N K 2"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return ten times the smooth L1 loss, quadratic below a hundredth of half the image (1.3 px at 256)."""
        error = functional.smooth_l1_loss(raw, self.encode(keypoints), reduction="none", beta=0.01)
        return 10 * error.sum(dim=-1)

    def decode(self, raw: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K 2"]:
        """Convert offsets to input pixels."""
        half, centre = self._scale(raw)
        return torch.addcmul(centre, raw, half)

    def confidence(self, raw: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return 1 for all points, since coordinates alone hold no confidence."""
        return torch.ones_like(raw[..., 0])
