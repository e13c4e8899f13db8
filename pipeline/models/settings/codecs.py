"""Settings of the codecs, which encode and decode keypoints and have a loss; `name` selects one."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from heelstrike.settings import Strict


class DsntCodec(Strict):
    """A map normalised by softmax, decoded by its expectation (soft-argmax)."""

    name: Literal["dsnt"] = "dsnt"
    sigma: Annotated[float, Field(gt=0, le=16, description="of the Gaussian target of the map, cells")] = 1.0

    @property
    def differentiable(self) -> bool:
        """True: the expectation has a gradient."""
        return True


class SoftmaxCodec(Strict):
    """A map normalised by softmax and trained by cross-entropy, decoded at its maximum, between cells (DARK)."""

    name: Literal["softmax"] = "softmax"
    sigma: Annotated[float, Field(ge=0.5, le=16, description="of the target, cells")] = 1.5

    @property
    def differentiable(self) -> bool:
        """False: the position of a maximum has no gradient."""
        return False


class HeatmapCodec(Strict):
    """A map whose target is a Gaussian of height 1 at the keypoint, trained by mean squared error."""

    name: Literal["heatmap"] = "heatmap"
    sigma: Annotated[float, Field(ge=0.75, le=16, description="of the Gaussian, cells")] = 2.0
    decode: Annotated[
        Literal["argmax", "quarter", "dark", "soft_argmax"],
        Field(
            description="decoding: the highest cell; the highest cell, shifted a quarter of a cell towards its higher "
            "neighbours; the Gaussian's centre from its logarithm around the highest cell; or the expectation around it"
        ),
    ] = "dark"

    @property
    def differentiable(self) -> bool:
        """False: every decoding starts at the highest cell."""
        return False


class SimccCodec(Strict):
    """Classification of each coordinate into bins narrower than a pixel (SimCC)."""

    name: Literal["simcc"] = "simcc"
    split: Annotated[int, Field(ge=1, le=8, description="bins per input pixel")] = 2
    sigma: Annotated[float, Field(ge=0.75, le=64, description="of the soft label, bins")] = 6.0
    decode: Annotated[
        Literal["argmax", "dark"],
        Field(description="decoding: the best bin; or interpolated between it and its neighbours"),
    ] = "dark"

    @property
    def differentiable(self) -> bool:
        """False: the decoding starts at the best bin."""
        return False


def _named(value: Any) -> Any:
    """Expand the short form `dsnt` to `{name: dsnt}`."""
    return {"name": value} if isinstance(value, str) else value


MapCodec = Annotated[
    DsntCodec | SoftmaxCodec | HeatmapCodec,
    Field(discriminator="name", description="how the map encodes a keypoint; `dsnt` is short for {name: dsnt}"),
    BeforeValidator(_named),
]
OnlyHeatmap = Annotated[HeatmapCodec, BeforeValidator(_named)]
AnyCodec = Annotated[
    DsntCodec | SoftmaxCodec | HeatmapCodec | SimccCodec,
    Field(discriminator="name", description="how keypoints are encoded; `dsnt` is short for {name: dsnt}"),
    BeforeValidator(_named),
]
CodecSettings = DsntCodec | SoftmaxCodec | HeatmapCodec | SimccCodec
