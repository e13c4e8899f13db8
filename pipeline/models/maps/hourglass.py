"""Stacked hourglass networks.

Newell et al. 2016, "Stacked Hourglass Networks for Human Pose Estimation" (arXiv:1603.06937). With soft-argmax as
read-out they are trained end to end on coordinates.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.blocks import ResidualBlock, bottleneck, normalised, stem
from pipeline.models.codecs import Grid, build_codec
from pipeline.models.maps.heads import MapHead
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import HourglassSettings
from pipeline.problem import Problem


class Hourglass(KeypointNetwork):
    """A sequence of hourglasses. Each gets the features and maps of the one before, and each has a loss."""

    def __init__(self, problem: Problem, settings: HourglassSettings) -> None:
        size, width, points = problem.input, settings.width, len(problem.keypoints)
        grid = Grid.over(size.width, size.height, settings.stride, settings.multiple)
        super().__init__(problem, settings, build_codec(settings.codec, grid))
        self.multiple = settings.multiple
        self.stem = nn.Sequential(stem(size.channels, width, settings.stride), ResidualBlock(width))
        self.stacks = nn.ModuleList(
            nn.Sequential(_Glass(width, settings.levels), ResidualBlock(width), bottleneck(width, width))
            for _ in range(settings.stacks)
        )
        self.early = nn.ModuleList(nn.Conv2d(width, points, 1) for _ in range(settings.stacks - 1))
        self.back = nn.ModuleList(nn.Conv2d(width + points, width, 1) for _ in range(settings.stacks - 1))
        self.head = MapHead(width, points, self.codec, settings)
        self.heads = {"keypoints": [self.head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return raw outputs, and `early` (N, stacks - 1, K, rows, columns), the maps of the earlier hourglasses."""
        x = self.stem(normalised(pixels, self.multiple))
        early = []
        for number, stack in enumerate(self.stacks):
            features = stack(x)
            if number < len(self.early):
                early.append(self.early[number](features).float())
                x = x + self.back[number](torch.cat([features, early[-1].to(features)], dim=1))
        raw: dict[str, Tensor] = self.head(features)
        return raw | ({"early": torch.stack(early, dim=1)} if early else {})

    def keypoint_loss(self, raw: dict[str, Tensor], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the mean loss over the hourglasses."""
        stacks = [raw["keypoints"], *(raw["early"].unbind(dim=1) if "early" in raw else ())]
        return torch.stack([self.codec.loss(maps, keypoints) for maps in stacks]).mean(dim=0)


class _Glass(nn.Module):
    """An hourglass: halvings and the way back, with a residual block on each branch."""

    def __init__(self, width: int, levels: int) -> None:
        super().__init__()
        self.beside = ResidualBlock(width)
        inner = [_Glass(width, levels - 1)] if levels > 1 else []
        self.below = nn.Sequential(nn.MaxPool2d(2), ResidualBlock(width), *inner, ResidualBlock(width))

    def forward(self, x: Float[Tensor, "N C rows columns"]) -> Float[Tensor, "N C rows columns"]:
        """Map to the same shape."""
        below: Tensor = functional.interpolate(self.below(x), scale_factor=2.0, mode="nearest")
        return self.beside(x) + below
