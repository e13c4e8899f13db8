"""Crops: the input of a multi-headed network's keypoint head, given the predicted box.

A crop is a module from (images, features, box) to (features, frame). Box and frame are shares of the padded images,
(centre x, centre y, width, height). The frame is the part of the image that the features cover.

No gradient flows through the box: it is learned from the labelled boxes alone. If the keypoints' error could move the
box, it would stretch the box to make the regression easier, and a step that trains keypoints alone would change the
box head.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import roi_align

from pipeline.models.backbones import Backbone

Cropped = tuple[Tensor, Float[Tensor, "N 4"]]
_SAMPLES = 2  # samples per side in each cell of a crop


class Crop(nn.Module, ABC):
    """Base of the crops. A subclass gets a function that makes a second backbone, and calls it if it needs one."""

    @abstractmethod
    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Cropped:
        """Return the features for the keypoint head and their frame."""


class Whole(Crop):
    """All features."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Cropped:
        """Return all features; the frame is the whole image."""
        return features, box.new_tensor([0.5, 0.5, 1.0, 1.0]).expand_as(box)


class RoiAlign(Crop):
    """The features in the box, resampled to the size of the whole map."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Cropped:
        """Return the features in the box; the frame is the box."""
        return _cut(features, box), box


class SecondPass(Crop):
    """The box cut out of the image, scaled to the image's size, through a backbone of its own."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()
        self.backbone = second()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Cropped:
        """Return the second backbone's features of the image in the box; the frame is the box."""
        return self.backbone(_cut(images, box)), box


class Mask(Crop):
    """All features, each cell multiplied by its share inside the box."""

    def __init__(self, second: Callable[[], Backbone]) -> None:
        super().__init__()

    def forward(self, images: Tensor, features: Tensor, box: Float[Tensor, "N 4"]) -> Cropped:
        """Return the masked features; the frame is the whole image."""
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
    """Return the part of each map in its box, scaled to the map's size; zero beyond the map."""
    rows, columns = images.shape[2:]
    centre, half = box[:, :2], box[:, 2:] / 2
    size = box.new_tensor([columns, rows])
    corners = torch.cat([(centre - half) * size, (centre + half) * size], dim=1)
    numbers = torch.arange(box.shape[0], device=box.device).to(box)[:, None]
    # in full precision, because bfloat16 cannot distinguish neighbouring pixels
    return roi_align(images.float(), torch.cat([numbers, corners], dim=1), (rows, columns), 1.0, _SAMPLES, aligned=True)


def _covered(centre: Float[Tensor, "N"], length: Float[Tensor, "N"], cells: int) -> Float[Tensor, "N cells"]:
    """Return the share of each of `cells` equal parts of [0, 1] that lies within the interval."""
    left = torch.arange(cells, device=centre.device) / cells
    low, high = (centre - length / 2)[:, None], (centre + length / 2)[:, None]
    common = torch.minimum(high, left + 1 / cells) - torch.maximum(low, left)
    return (common * cells).clamp(0, 1)
