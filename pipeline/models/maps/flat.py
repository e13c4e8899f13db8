"""Flat-net: all layers have the resolution of the maps, with dilated convolutions instead of pooling."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.base import Backbone
from pipeline.models.blocks import ConvBlock, stem
from pipeline.models.maps.heads import MapHead
from pipeline.models.settings import FlatNetSettings, MapSettings

_KERNEL = 9


class FlatNet(Backbone):
    """Two 9x9 layers at each dilation rate, in parallel and concatenated, then a 5x5 and two 1x1 layers.

    `TanhHead` adds another 1x1 layer.
    """

    def __init__(self, settings: FlatNetSettings, size: InputSize) -> None:
        width = settings.width
        super().__init__(width, settings.stride)
        inputs = size.channels if settings.stride == 1 else width
        self.stem = nn.Identity() if settings.stride == 1 else stem(size.channels, width, settings.stride)
        self.branches = nn.ModuleList(
            nn.Sequential(_dilated(inputs, width, rate), _dilated(width, width, rate)) for rate in settings.dilations
        )
        together = width * len(settings.dilations)
        self.joined = nn.Sequential(
            ConvBlock(together, together, kernel=5), ConvBlock(together, together, kernel=1),
            ConvBlock(together, width, kernel=1),
        )  # fmt: skip

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the map of features."""
        x = self.stem(images)
        joined: Tensor = self.joined(torch.cat([branch(x) for branch in self.branches], dim=1))
        return joined


class TanhHead(MapHead):
    """A 1x1 convolution and tanh. The arguments are those of `MapHead`."""

    def make_where(self, channels: int, points: int, settings: MapSettings) -> nn.Module:
        """Make a 1x1 convolution with tanh."""
        return nn.Sequential(nn.Conv2d(channels, points, 1), nn.Tanh())


def _dilated(inputs: int, outputs: int, rate: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, _KERNEL, padding=rate * (_KERNEL // 2), dilation=rate, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
