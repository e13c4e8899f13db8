"""What the keypoint head of a multi-headed network sees, given the predicted box.

A crop is a module from (images, features, box) to (features, frame). Box and frame are shares of the padded images,
(centre x, centre y, width, height); the frame is what part of the image the features show.

The box is taken as it is, with no gradient through it: where to look is learned from the boxes' labels alone. Were the
keypoints' error to move the box, it would stretch it to whatever makes the regression easy, and a step that trains
keypoints alone would spoil a box head that it must leave as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import roi_align

from pipeline.models.backbones import Backbone

Seen = tuple[Tensor, Float[Tensor, "N 4"]]
_SAMPLES = 2  # a side, in each cell of a crop


class Crop(nn.Module, ABC):
    """See the module; made from what makes a second backbone, and asked for one only where it is needed."""

    @abstractmethod
    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Seen:
        """See the module."""


class Whole(Crop):
    """All features."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Seen:
        """See the module."""
        return features, box.new_tensor([0.5, 0.5, 1.0, 1.0]).expand_as(box)


class RoiAlign(Crop):
    """The features in the box, as many cells as the whole map has."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Seen:
        """See the module."""
        return _cut(features, box), box


class SecondPass(Crop):
    """The box cut out of the image, scaled to the image's size, through a backbone of its own."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()
        self.backbone = second()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Seen:
        """See the module."""
        return self.backbone(_cut(images, box)), box


class Mask(Crop):
    """All features, each cell times the share of it that lies in the box."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Seen:
        """See the module."""
        rows, columns = features.shape[2:]
        across, down = _covered(box[:, 0], box[:, 2], columns), _covered(box[:, 1], box[:, 3], rows)
        inside = down[:, None, :, None] * across[:, None, None, :]
        return features * inside.to(features), box.new_tensor([0.5, 0.5, 1.0, 1.0]).expand_as(box)


CROPS: dict[str, Callable[[Callable[[], Backbone]], Crop]] = {
    "none": Whole,
    "roi_align": RoiAlign,
    "second_pass": SecondPass,
    "mask": Mask,
}


def _cut(images: Float[Tensor, "N C H W"], box: Float[Tensor, "N 4"]) -> Float[Tensor, "N C H W"]:
    """The part of each map that its box covers, scaled to the map's own size; zero beyond the map."""
    rows, columns = images.shape[2:]
    centre, half = box[:, :2], box[:, 2:] / 2
    size = box.new_tensor([columns, rows])
    corners = torch.cat([(centre - half) * size, (centre + half) * size], dim=1)
    numbers = torch.arange(box.shape[0], device=box.device).to(box)[:, None]
    # in full precision: bfloat16 cannot tell neighbouring pixels apart
    return roi_align(images.float(), torch.cat([numbers, corners], dim=1), (rows, columns), 1.0, _SAMPLES, aligned=True)


def _covered(centre: Float[Tensor, "N"], length: Float[Tensor, "N"], cells: int) -> Float[Tensor, "N cells"]:
    """How much of each of `cells` equal parts of [0, 1] lies within the interval."""
    left = torch.arange(cells, device=centre.device) / cells
    low, high = (centre - length / 2)[:, None], (centre + length / 2)[:, None]
    common = torch.minimum(high, left + 1 / cells) - torch.maximum(low, left)
    return (common * cells).clamp(0, 1)
