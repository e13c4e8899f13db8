"""A box put around the keypoints that were found."""

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from heelstrike.preprocess.settings import PAD_VALUE
from pipeline.models.codecs import BoxCodec
from pipeline.problem import Problem

_MARGIN = 0.1  # of the input's size: what the margins are before they learn


class BoxAroundKeypoints(nn.Module):
    """The extent of the keypoints found, grown by margins and cut off at the image's edge.

    Boxes of keypoint datasets are made so (`collect.box_buffer_px`). The margins are learned, and the box head answers
    by how much an image's own differ from them. An image without a keypoint is its own box.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        size = problem.input
        self.codec = BoxCodec(size.width, size.height)
        # shares of the size, so that they learn as fast as weights do
        self.margins = nn.Parameter(torch.full((4,), _MARGIN))
        self.register_buffer("size", torch.tensor([size.width, size.height]).repeat(2), persistent=False)
        self.size: Tensor

    def forward(
        self,
        answer: Float[Tensor, "N 4"],
        keypoints: Float[Tensor, "N K 2"],
        present: Bool[Tensor, "N K"],
        pixels: UInt8[Tensor, "N H W C"],
    ) -> Float[Tensor, "N 4"]:
        """What the box codec takes.

        Args:
            answer: The box head's raw output, in pixels: left, top, right, bottom, outwards.
            keypoints: As read out, input pixels.
            present: Which of them were found.
            pixels: The input.
        """
        least, most = image_extent(pixels)
        low = torch.where(present[..., None], keypoints, torch.inf).amin(dim=1)
        high = torch.where(present[..., None], keypoints, -torch.inf).amax(dim=1)
        outwards = self.margins * self.size + answer.float()
        low = torch.maximum(low - outwards[:, :2], least)
        high = torch.minimum(high + outwards[:, 2:], most)
        none = ~present.any(dim=1, keepdim=True)
        low, high = torch.where(none, least, low), torch.where(none, most, high)
        return self.codec.encode(torch.cat([low, (high - low).clamp_min(1)], dim=1))


def image_extent(pixels: UInt8[Tensor, "N H W C"]) -> tuple[Float[Tensor, "N 2"], Float[Tensor, "N 2"]]:
    """Smallest and largest (x, y) within the letterbox's bars, by their one value, input pixels."""
    image = (pixels != PAD_VALUE).any(dim=-1)
    columns, rows = image.any(dim=1).float(), image.any(dim=2).float()
    first = [line.argmax(dim=1) for line in (columns, rows)]
    last = [line.shape[1] - 1 - line.flip(1).argmax(dim=1) for line in (columns, rows)]
    return torch.stack(first, dim=1).float() - 0.5, torch.stack(last, dim=1).float() + 0.5
