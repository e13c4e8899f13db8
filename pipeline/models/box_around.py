"""A box around the predicted keypoints."""

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from heelstrike.preprocess.settings import PAD_VALUE
from pipeline.models.codecs import BoxCodec
from pipeline.problem import Problem

_MARGIN = 0.1  # initial margins, as a share of the input's size


class BoxAroundKeypoints(nn.Module):
    """The extent of the present keypoints, enlarged by margins and clipped to the image.

    Boxes of keypoint data sets are made in this way (`collect.box_buffer_px`). The margins are learned, and the box
    head predicts the difference of an image's margins from them. Without a present keypoint the box is the whole image.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        size = problem.input
        self.codec = BoxCodec(size.width, size.height)
        # shares of the size, so that margins and weights learn equally fast
        self.margins = nn.Parameter(torch.full((4,), _MARGIN))
        self.register_buffer("size", torch.tensor([size.width, size.height]).repeat(2), persistent=False)
        self.size: Tensor

    def forward(
        self,
        output: Float[Tensor, "N 4"],
        keypoints: Float[Tensor, "N K 2"],
        present: Bool[Tensor, "N K"],
        pixels: UInt8[Tensor, "N H W C"],
    ) -> Float[Tensor, "N 4"]:
        """Return the box as raw output for the box codec.

        Args:
            output: The box head's raw output: additional margins left, top, right, bottom in pixels, positive outwards.
            keypoints: Predicted keypoints, input pixels.
            present: True for keypoints that are predicted as visible.
            pixels: Input images.
        """
        least, most = image_extent(pixels)
        low = torch.where(present[..., None], keypoints, torch.inf).amin(dim=1)
        high = torch.where(present[..., None], keypoints, -torch.inf).amax(dim=1)
        outwards = self.margins * self.size + output.float()
        low = torch.maximum(low - outwards[:, :2], least)
        high = torch.minimum(high + outwards[:, 2:], most)
        no_keypoint = ~present.any(dim=1, keepdim=True)
        low, high = torch.where(no_keypoint, least, low), torch.where(no_keypoint, most, high)
        return self.codec.encode(torch.cat([low, (high - low).clamp_min(1)], dim=1))


def image_extent(pixels: UInt8[Tensor, "N H W C"]) -> tuple[Float[Tensor, "N 2"], Float[Tensor, "N 2"]]:
    """Return the smallest and largest (x, y) of the image inside the letterbox's bars, which have one value; pixels."""
    image = (pixels != PAD_VALUE).any(dim=-1)
    columns, rows = image.any(dim=1).float(), image.any(dim=2).float()
    first = [line.argmax(dim=1) for line in (columns, rows)]
    last = [line.shape[1] - 1 - line.flip(1).argmax(dim=1) for line in (columns, rows)]
    return torch.stack(first, dim=1).float() - 0.5, torch.stack(last, dim=1).float() + 0.5
