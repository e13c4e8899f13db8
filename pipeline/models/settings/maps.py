"""Settings of the networks that predict a map for each keypoint, and no box."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.models.settings.codecs import AnyCodec, DsntCodec, HeatmapCodec, OnlyHeatmap
from pipeline.problem import Problem


class MapSettings(ArchitectureSettings):
    """Settings that these networks share; `body` and `head` are classes named as `module:class`."""

    network = "pipeline.models.maps.network:MapNetwork"
    body: ClassVar[str]
    head: ClassVar[str] = "pipeline.models.maps.heads:MapHead"

    codec: AnyCodec = HeatmapCodec()
    confidence: Annotated[
        Literal["visibility", "map"],
        Field(
            description="of a point: the learned probability that it is visible; or the confidence of the map, for "
            "data in which every point is always visible"
        ),
    ] = "visibility"

    @property
    def heads(self) -> tuple[str, ...]:
        """Keypoints only."""
        return ("keypoints",)

    @property
    def differentiable(self) -> bool:
        """True if the codec's decoding has a gradient."""
        return self.codec.differentiable

    @property
    @abstractmethod
    def multiple(self) -> int:
        """Input pixels per cell of the coarsest map; the input is padded to a multiple of it."""

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(self.multiple, problem, "a larger problem.input, or a shallower network")


class EncoderSettings(MapSettings):
    """A network of segmentation-models-pytorch: an encoder by name, and a decoder."""

    encoder: Annotated[
        str,
        Field(description="any of segmentation-models-pytorch: resnet18, vgg19, efficientnet-b7, ...; tu-NAME: timm's"),
    ] = "resnet18"

    @property
    def imagenet(self) -> bool:
        """True: the encoder has published weights."""
        return True

    @property
    def multiple(self) -> int:
        """Input pixels per cell of the encoder's last map."""
        return 32


class NestedSettings(EncoderSettings):
    """An encoder and a decoder with skip connections at every resolution."""

    stride: Annotated[Literal[1, 2, 4], Field(description="input pixels per map cell")] = 1
    width: Annotated[
        int, Field(ge=1, description="decoder channels at full resolution; doubled at each level down")
    ] = 16


class UnetSettings(NestedSettings):
    """U-Net (Ronneberger et al. 2015)."""

    body = "pipeline.models.maps.encoders:Unet"

    name: Literal["unet"]


class UnetPlusPlusSettings(NestedSettings):
    """U-Net++ (Zhou et al. 2018): nested, dense skip connections."""

    body = "pipeline.models.maps.encoders:UnetPlusPlus"

    name: Literal["unetplusplus"]


class DeepLabSettings(EncoderSettings):
    """DeepLabV3+ (Chen et al. 2018): dilated convolutions; its maps have a quarter of the input's resolution."""

    body = "pipeline.models.maps.encoders:DeepLab"

    name: Literal["deeplabv3plus"]
    width: Annotated[int, Field(ge=1, description="channels of the decoder")] = 256
    dropout: Annotated[float, Field(ge=0, lt=1, description="after the pyramid of dilated convolutions")] = 0.5

    @property
    def stride(self) -> int:
        """Input pixels per map cell."""
        return 4


class VitSettings(MapSettings):
    """A vision transformer of timm and a light decoder of transposed convolutions (ViTPose, Xu et al. 2022)."""

    body = "pipeline.models.maps.vit:Vit"

    name: Literal["vit"]
    encoder: Annotated[str, Field(description="any vision transformer of timm with patches of `patch` px")] = (
        "vit_tiny_patch16_224"
    )
    patch: Annotated[Literal[8, 16, 32], Field(description="side of the encoder's patches, input pixels")] = 16
    stride: Annotated[Literal[2, 4, 8], Field(description="input pixels per map cell")] = 4
    width: Annotated[int, Field(ge=4, description="channels of the decoder")] = 128

    @model_validator(mode="after")
    def _decoder_enlarges(self) -> Self:
        if self.stride >= self.patch:
            raise ValueError(f"stride {self.stride} is not smaller than patch {self.patch}")
        return self

    @property
    def imagenet(self) -> bool:
        """True: the encoder has published weights."""
        return True

    @property
    def multiple(self) -> int:
        """Side of a patch, input pixels."""
        return int(self.patch)


class HourglassSettings(MapSettings):
    """Stacked hourglass (Newell et al. 2016), each trained by its own maps; decoded by soft-argmax by default."""

    network = "pipeline.models.maps.hourglass:Hourglass"

    name: Literal["hourglass"]
    codec: AnyCodec = DsntCodec()
    stacks: Annotated[int, Field(ge=1, le=8)] = 2
    width: Annotated[int, Field(ge=4, description="channels everywhere")] = 64
    levels: Annotated[int, Field(ge=1, le=6, description="halvings within an hourglass")] = 4
    stride: Annotated[Literal[1, 2, 4, 8], Field(description="input pixels per map cell")] = 4

    @model_validator(mode="after")
    def _maps(self) -> Self:
        if self.codec.name == "simcc":
            raise ValueError("codec is simcc, but each hourglass hands its maps to the next; use a codec with maps")
        return self

    @property
    def multiple(self) -> int:
        """Input pixels per cell at the lowest level."""
        return int(self.stride) * 2**self.levels


class FlatNetSettings(MapSettings):
    """Flat-net: dilated convolutions at one resolution, no pooling; the last layer is tanh, so only heatmaps fit."""

    body = "pipeline.models.maps.flat:FlatNet"
    head = "pipeline.models.maps.flat:TanhHead"

    name: Literal["flatnet"]
    codec: OnlyHeatmap = HeatmapCodec()
    width: Annotated[int, Field(ge=1, description="channels at each dilation rate")] = 16
    dilations: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, description="rates of the two 9x9 layers")
    ] = (1, 2, 4, 6, 8)
    stride: Annotated[
        Literal[1, 2, 4, 8],
        Field(description="input pixels per map cell; 1 as published, else a strided stem comes first"),
    ] = 1

    @property
    def multiple(self) -> int:
        """Input pixels per map cell."""
        return int(self.stride)


class LightSettings(MapSettings):
    """Blocks of a 3x3 convolution and max-pooling, and as many upsampling blocks as the maps' resolution needs."""

    channels: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2, description="of each block; each halves the map")
    ] = (32, 64, 128, 256)
    stride: Annotated[Literal[1, 2, 4, 8], Field(description="input pixels per map cell")] = 2

    @model_validator(mode="after")
    def _goes_deeper(self) -> Self:
        if self.multiple <= self.stride:
            raise ValueError(f"{len(self.channels)} blocks do not go below stride {self.stride}; name more channels")
        return self

    @property
    def multiple(self) -> int:
        """Input pixels per cell after the last block."""
        return int(2 ** len(self.channels))


class HeatmapNetSettings(LightSettings):
    """HeatmapNet: the light encoder-decoder."""

    body = "pipeline.models.maps.light:EncoderDecoder"

    name: Literal["heatmapnet"]
    skips: Annotated[bool, Field(description="the decoder also gets the encoder's maps of the same resolution")] = True


class ConfigurationSettings(LightSettings):
    """Spatial-configuration network (Payer et al. 2019): maps of local appearance times maps of configuration."""

    body = "pipeline.models.maps.light:EncoderDecoder"
    head = "pipeline.models.maps.configuration:ConfigurationHead"

    name: Literal["configuration"]
    codec: OnlyHeatmap = HeatmapCodec()
    shrink: Annotated[
        Literal[2, 4, 8], Field(description="how much coarser the maps of the spatial configuration are")
    ] = 4
    width: Annotated[int, Field(ge=1, description="channels of the configuration's convolutions")] = 32
    kernel: Annotated[
        int, Field(ge=3, le=15, description="side of these convolutions, odd; there are three layers")
    ] = 11

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}; it must be odd")
        if self.multiple % (self.shrink * self.stride):
            raise ValueError(f"shrink {self.shrink} at stride {self.stride} does not divide {self.multiple} px")
        return self


class RegressionNetSettings(ArchitectureSettings):
    """RegressionNet, the twin of HeatmapNet: the same encoder, averaged over the image, then fully connected layers."""

    network = "pipeline.models.maps.light:RegressionNet"

    name: Literal["regressionnet"]
    channels: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, description="of each block; each halves the map")
    ] = (32, 64, 128, 256)
    hidden: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, description="widths of the connected layers")
    ] = (128, 64)
    dropout: Annotated[float, Field(ge=0, lt=1, description="after each connected layer")] = 0.5

    @property
    def heads(self) -> tuple[str, ...]:
        """Keypoints only."""
        return ("keypoints",)

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(2 ** len(self.channels), problem, "fewer channels entries")
