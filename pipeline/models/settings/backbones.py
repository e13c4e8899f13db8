"""Settings of the backbones, which turn an image into one feature map; `name` selects one."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.settings import Strict


class StackBackbone(Strict):
    """Convolution blocks from scratch, each followed by max-pooling; the networks of the rear-foot study."""

    name: Literal["stack"] = "stack"
    channels: Annotated[
        tuple[Annotated[int, Field(ge=4)], ...], Field(min_length=1, description="of each block; each halves the map")
    ] = (32, 64, 128, 128, 128)
    stride: Annotated[
        Literal[1, 2, 4],
        Field(description="of a stem before the blocks; 1: no stem, as published; 2 or 4: faster on a CPU"),
    ] = 1
    batch_norm: Annotated[bool, Field(description="batch normalisation after every convolution")] = True
    residual: Annotated[bool, Field(description="a residual block (two 3x3 convolutions) in each block")] = False
    bottleneck: Annotated[
        Literal["none", "traditional", "nontraditional"],
        Field(description="a block's convolutions: 3x3; 1x1, 3x3, 1x1 at a quarter of the channels; or 3x3, 1x1"),
    ] = "none"
    dropout: Annotated[float, Field(ge=0, lt=1, description="dropout rate of whole channels, after each block")] = 0.0

    @property
    def multiple(self) -> int:
        """Input pixels per cell of the map; the input is padded to a multiple of it."""
        return int(self.stride) * 2 ** len(self.channels)

    @property
    def shallower(self) -> str:
        """Advice on how to get smaller cells, for messages."""
        return "fewer backbone.channels entries or a smaller backbone.stride"


class ExtractorBackbone(Strict):
    """The convolutions of a torchvision classifier; its last map holds the features."""

    name: Literal[
        "resnet18", "resnet34", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"
    ]  # torchvision's own names

    @property
    def multiple(self) -> int:
        """Input pixels per cell of the map; the input is padded to a multiple of it."""
        return 32

    @property
    def shallower(self) -> str:
        """Advice on how to get smaller cells, for messages."""
        return "a larger problem.input, or the backbone `stack` with fewer channels entries"


class TimmBackbone(Strict):
    """An encoder of timm; its last map holds the features."""

    name: Literal["timm"]
    encoder: Annotated[str, Field(description="timm's name, for instance convnext_tiny or efficientnet_b0")]
    multiple: Annotated[int, Field(ge=1, description="input pixels per cell of its last map")] = 32

    @property
    def shallower(self) -> str:
        """Advice on how to get smaller cells, for messages."""
        return "a larger problem.input, or another encoder"


BackboneSettings = Annotated[StackBackbone | ExtractorBackbone | TimmBackbone, Field(discriminator="name")]
