"""The network of a body and a head."""

import pkgutil
from typing import Any

from torch import Tensor

from pipeline.models.backbones.base import Backbone
from pipeline.models.blocks import normalised
from pipeline.models.codecs import Grid, build_codec
from pipeline.models.maps.heads import MapHead
from pipeline.models.network import KeypointNetwork
from pipeline.problem import Problem


class MapNetwork(KeypointNetwork):
    """A body and a head. The input is padded to a multiple that the body can halve; coordinates do not change.

    Args:
        problem: Keypoints and input size.
        settings: Settings of pipeline/models/settings/maps.py; they name the body and the head.
    """

    def __init__(self, problem: Problem, settings: Any) -> None:
        size = problem.input
        grid = Grid.over(size.width, size.height, settings.stride, settings.multiple)
        super().__init__(problem, settings, build_codec(settings.codec, grid))
        self.multiple = settings.multiple
        self.body: Backbone = pkgutil.resolve_name(settings.body)(settings, size)
        self.head: MapHead = pkgutil.resolve_name(settings.head)(
            self.body.channels, len(problem.keypoints), self.codec, settings
        )
        self.heads = {"keypoints": [self.head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the raw outputs of the head."""
        raw: dict[str, Tensor] = self.head(self.body(normalised(pixels, self.multiple)))
        return raw
