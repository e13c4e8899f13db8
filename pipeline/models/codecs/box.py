"""Codec of an instance's box: centre and size as shares of the image."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


class BoxCodec:
    """Raw output (N, 4): logits of centre x, centre y, width, height as shares of the image's width and height.

    Args:
        width: Input width in pixels.
        height: Input height in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    def _shares(self, boxes: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        x, y, w, h = boxes.unbind(dim=-1)
        shares = [(x + w / 2 + 0.5) / self.width, (y + h / 2 + 0.5) / self.height, w / self.width, h / self.height]
        return torch.stack(shares, dim=-1)

    def encode(self, boxes: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        """Return the raw output that decodes to these boxes (x, y, width, height in input pixels)."""
        return torch.logit(self._shares(boxes), eps=1e-6)

    def loss(self, raw: Float[Tensor, "N 4"], boxes: Float[Tensor, "N 4"]) -> Float[Tensor, "N"]:
        """Return ten times the smooth L1 loss of the shares, which is quadratic below a fiftieth of the image."""
        shares = functional.smooth_l1_loss(torch.sigmoid(raw.float()), self._shares(boxes), reduction="none", beta=0.02)
        return 10 * shares.sum(dim=-1)

    def decode(self, raw: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        """Return boxes as (x, y, width, height) in input pixels."""
        cx, cy, w, h = torch.sigmoid(raw.float()).unbind(dim=-1)
        width, height = w * self.width, h * self.height
        left, top = cx * self.width - 0.5 - width / 2, cy * self.height - 0.5 - height / 2
        return torch.stack([left, top, width, height], dim=-1)
