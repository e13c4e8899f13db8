"""Network (a): the published multi-headed network and its variants."""

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.models.backbones import build_backbone
from pipeline.models.connected import Connected
from pipeline.models.crops import CROPS
from pipeline.models.heads import BoxHead, KeypointHead
from pipeline.models.settings import MultiHeadSettings
from pipeline.problem import Problem


class MultiHead(Connected):
    """One backbone, a box head on its features, and a keypoint head on a crop of them."""

    def __init__(self, problem: Problem, settings: MultiHeadSettings) -> None:
        super().__init__(problem, settings)
        rest = (settings.hidden, settings.dropout, settings.separate)
        self.box_head = BoxHead(self.shape, *rest)
        self.crop = CROPS[settings.crop](lambda: build_backbone(settings.backbone, problem.input.channels))
        self.keypoint_head = KeypointHead(self.shape, len(problem.keypoints), *rest)
        self.margin = settings.crop_margin
        self.heads = {"box": [self.box_head], "keypoints": [self.crop, self.keypoint_head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return raw outputs of both heads. `keypoints` are relative to the whole image, whatever the crop."""
        images = self.images(pixels)
        features = self.backbone(images)
        raw: dict[str, Tensor] = self.box_head(features)
        padded = images.new_tensor([pixels.shape[2] / images.shape[3], pixels.shape[1] / images.shape[2]]).repeat(2)
        cropped, frame = self.crop(images, features, self._region(raw["box"]) * padded)
        raw |= self.keypoint_head(cropped)
        centre, half = (part[:, None] for part in (frame / padded).float().chunk(2, dim=1))
        # from the frame's edges at -1 and 1 to the image's
        raw["keypoints"] = 2 * centre - 1 + half * raw["keypoints"].float()
        return raw

    def _region(self, raw: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        """Return the predicted box with its margin: centre and size as shares of the image, at least a cell large."""
        centre, size = torch.sigmoid(raw.detach().float()).chunk(2, dim=1)
        sides = self.problem.input.width, self.problem.input.height
        cell = size.new_tensor([self.backbone.multiple / side for side in sides])
        return torch.cat([centre, torch.maximum(size * (1 + 2 * self.margin), cell)], dim=1)
