"""The backbones of the rear-foot study: convolution blocks with max-pooling."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from pipeline.models.backbones.base import Backbone
from pipeline.models.blocks import ConvBlock, ResidualBlock, bottleneck, stem
from pipeline.models.settings import StackBackbone


def _plain(inputs: int, outputs: int, norm: bool) -> list[nn.Module]:
    return [ConvBlock(inputs, outputs, norm=norm)]


def _nontraditional(inputs: int, outputs: int, norm: bool) -> list[nn.Module]:
    """The variant of the study: a 1x1 convolution after the 3x3 convolution."""
    return [ConvBlock(inputs, outputs, norm=norm), bottleneck(outputs, outputs, norm)]


def _traditional(inputs: int, outputs: int, norm: bool) -> list[nn.Module]:
    """1x1, 3x3 and 1x1 convolution with a quarter of the channels in between, at least 4 (He et al. 2016)."""
    narrow = max(outputs // 4, 4)
    return [bottleneck(inputs, narrow, norm), ConvBlock(narrow, narrow, norm=norm), bottleneck(narrow, outputs, norm)]


_CONVOLUTIONS: dict[str, Callable[[int, int, bool], list[nn.Module]]] = {
    "none": _plain,
    "nontraditional": _nontraditional,
    "traditional": _traditional,
}


class Stack(Backbone):
    """An optional strided stem, then blocks of convolutions, an optional residual block, and max-pooling."""

    def __init__(self, settings: StackBackbone, inputs: int) -> None:
        super().__init__(settings.channels[-1], settings.multiple)
        convolutions, norm = _CONVOLUTIONS[settings.bottleneck], settings.batch_norm
        layers: list[nn.Module] = []
        if settings.stride > 1:
            layers.append(stem(inputs, settings.channels[0], settings.stride, norm))
            inputs = settings.channels[0]
        for outputs in settings.channels:
            layers += convolutions(inputs, outputs, norm)
            if settings.residual:
                layers.append(ResidualBlock(outputs, norm))
            layers += [nn.MaxPool2d(2), nn.Dropout2d(settings.dropout)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the last feature map."""
        features: Tensor = self.layers(images)
        return features
