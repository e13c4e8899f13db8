"""Where a network that finds keypoints by maps takes its box from: its features alone, or the keypoints it found."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pipeline.models.codecs import BoxCodec
from pipeline.problem import Problem

_MARGIN = 0.125  # of the input's size: where the margins start from before they learn


class BoxFromFeatures(nn.Module):
    """The box head's answer as it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()

    def forward(
        self, answer: Float[Tensor, "N 4"], keypoints: Float[Tensor, "N K 2"], present: Bool[Tensor, "N K"]
    ) -> Float[Tensor, "N 4"]:
        """What the box codec takes.

        Args:
            answer: The box head's raw output.
            keypoints: As read out, input pixels.
            present: Which of them were found.
        """
        return answer


class BoxAroundKeypoints(nn.Module):
    """The extent of the keypoints found, and margins on its four sides, which is what the box head then answers.

    Boxes of keypoint datasets are made so (`collect.box_buffer_px`), but for those that the image's edge cuts off and
    for keypoints that were missed: this is what the head learns. An image without a keypoint has its whole as extent.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        size = problem.input
        self.codec = BoxCodec(size.width, size.height)
        self.register_buffer("largest", torch.tensor([size.width, size.height]) - 0.5, persistent=False)
        self.largest: Tensor

    def forward(
        self, answer: Float[Tensor, "N 4"], keypoints: Float[Tensor, "N K 2"], present: Bool[Tensor, "N K"]
    ) -> Float[Tensor, "N 4"]:
        """See `BoxFromFeatures.forward`; `answer` are the margins left, top, right, bottom beyond the first guess."""
        low = torch.where(present[..., None], keypoints, torch.inf).amin(dim=1)
        high = torch.where(present[..., None], keypoints, -torch.inf).amax(dim=1)
        none = ~present.any(dim=1, keepdim=True)
        low, high = torch.where(none, -0.5, low), torch.where(none, self.largest, high)
        margins = (_MARGIN * (1 + answer.float())).unflatten(1, (2, 2)) * (self.largest + 0.5)
        low, high = low - margins[:, 0], high + margins[:, 1]
        low, high = low.clamp_min(-0.5), torch.minimum(high, self.largest)
        return self.codec.encode(torch.cat([low, (high - low).clamp_min(1)], dim=1))


BOX_SOURCES: dict[str, type[BoxFromFeatures] | type[BoxAroundKeypoints]] = {
    "features": BoxFromFeatures,
    "keypoints": BoxAroundKeypoints,
}
