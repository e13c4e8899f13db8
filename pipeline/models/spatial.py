"""Network (b): a light fully-convolutional encoder-decoder with one spatial map per keypoint."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.blocks import ConvBlock, FullyConnectedHead, ResidualBlock, bottleneck, normalised, stem
from pipeline.models.codecs import Grid, build_codec
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import SpatialSettings
from pipeline.problem import Problem

_BOX_CHANNELS = 8


class Spatial(KeypointNetwork):
    """Strided stem, residual encoder, and decoder with additive skips. A codec reads out the maps.

    Visibility is the mean of a second map of evidence, weighted by the distribution of the keypoint's map. The weights
    are detached, so that learning visibility never moves a keypoint.
    """

    def __init__(self, problem: Problem, settings: SpatialSettings) -> None:
        size, multiple = problem.input, settings.multiple
        rows, columns = -(-size.height // multiple), -(-size.width // multiple)
        grid = Grid.over(size.width, size.height, settings.stride, multiple)
        super().__init__(problem, settings, build_codec(settings.codec, grid))
        self.multiple = multiple
        channels, points = settings.channels, len(problem.keypoints)
        self.stem = stem(size.channels, channels[0], settings.stride)
        self.encoder = nn.ModuleList(ResidualBlock(c) for c in channels)
        self.down = nn.ModuleList(ConvBlock(a, b, stride=2) for a, b in itertools.pairwise(channels))
        self.up = nn.ModuleList(bottleneck(b, a) for a, b in itertools.pairwise(channels))
        self.decoder = nn.ModuleList(ResidualBlock(c) for c in channels[:-1])
        self.dropout = nn.Dropout2d(settings.dropout)
        self.maps = nn.Conv2d(channels[0], 2 * points, 1)
        self.box_reduce = bottleneck(channels[-1], _BOX_CHANNELS)
        self.box_head = FullyConnectedHead(_BOX_CHANNELS * rows * columns, 64, 4, settings.dropout)
        self.heads = {
            "box": [self.box_reduce, self.box_head],
            "keypoints": [self.up, self.decoder, self.dropout, self.maps],
        }

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return maps, logits of visibility and the box."""
        return self.on_normalised(normalised(pixels, self.multiple))

    def on_normalised(self, images: Float[Tensor, "N C H W"]) -> dict[str, Tensor]:
        """Return the raw outputs for images from `normalised`."""
        x = self.stem(images)
        skips = []
        for level, encode in enumerate(self.encoder):
            x = encode(x)
            if level < len(self.down):
                skips.append(x)
                x = self.down[level](x)
        box = self.box_head(self.box_reduce(x))
        for level in reversed(range(len(self.down))):
            x = skips[level] + functional.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest")
            x = self.decoder[level](x)
        where, evidence = self.maps(self.dropout(x)).float().chunk(2, dim=1)
        weights = torch.softmax(where.detach().flatten(2), dim=-1)
        return {"keypoints": where, "presence": (weights * evidence.flatten(2)).sum(dim=-1), "box": box}
