"""The network of a body and a head, and the bodies and heads by name."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.base import Backbone
from pipeline.models.blocks import normalised
from pipeline.models.codecs import Grid, build_codec
from pipeline.models.maps.configuration import ConfigurationHead
from pipeline.models.maps.encoders import DeepLab, Unet, UnetPlusPlus
from pipeline.models.maps.flat import FlatNet, TanhHead
from pipeline.models.maps.heads import MapHead
from pipeline.models.maps.light import EncoderDecoder
from pipeline.models.maps.vit import Vit
from pipeline.models.network import KeypointNetwork
from pipeline.problem import Problem

BODIES: dict[str, Callable[[Any, InputSize], Backbone]] = {
    "configuration": EncoderDecoder,
    "deeplabv3plus": DeepLab,
    "flatnet": FlatNet,
    "heatmapnet": EncoderDecoder,
    "unet": Unet,
    "unetplusplus": UnetPlusPlus,
    "vit": Vit,
}
"""Name of an architecture -> its body, made from (settings, input). Its features have cells of `stride` pixels."""

HEADS: dict[str, Callable[..., MapHead]] = {"configuration": ConfigurationHead, "flatnet": TanhHead}
"""Name of an architecture -> its head, if that is not `MapHead`."""


class MapNetwork(KeypointNetwork):
    """A body and a head. The input is padded to a multiple that the body can halve; coordinates do not change.

    Args:
        problem: Keypoints and input size.
        settings: Settings of pipeline/models/settings/maps.py; their name selects body and head.
    """

    def __init__(self, problem: Problem, settings: Any) -> None:
        size = problem.input
        grid = Grid.over(size.width, size.height, settings.stride, settings.multiple)
        super().__init__(problem, settings, build_codec(settings.codec, grid))
        self.multiple = settings.multiple
        self.body = BODIES[settings.name](settings, size)
        head = HEADS.get(settings.name, MapHead)
        self.head = head(self.body.channels, len(problem.keypoints), self.codec, settings)
        self.heads = {"keypoints": [self.head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the raw outputs of the head."""
        raw: dict[str, Tensor] = self.head(self.body(normalised(pixels, self.multiple)))
        return raw
