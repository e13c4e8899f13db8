"""Settings of the codecs: how a network writes keypoints, is taught them, and has them read out; `name` picks one."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from heelstrike.settings import Strict


class DsntCodec(Strict):
    """A map normalised by softmax, read out by its expectation (soft-argmax)."""

    name: Literal["dsnt"] = "dsnt"
    sigma: Annotated[float, Field(gt=0, le=16, description="of the Gaussian that the map is to look like, cells")] = 1.0

    @property
    def differentiable(self) -> bool:
        """Whether a loss of the coordinates that are read out teaches the whole network."""
        return True


class SoftmaxCodec(Strict):
    """A map normalised by softmax and taught by cross-entropy, read out at its maximum, between the cells (DARK)."""

    name: Literal["softmax"] = "softmax"
    sigma: Annotated[float, Field(ge=0.5, le=16, description="of the target, cells")] = 1.5

    @property
    def differentiable(self) -> bool:
        """See `DsntCodec.differentiable`; a maximum has no slope."""
        return False


class HeatmapCodec(Strict):
    """A map that is to be a Gaussian of height 1 at the keypoint, taught by mean squared error."""

    name: Literal["heatmap"] = "heatmap"
    sigma: Annotated[float, Field(ge=0.75, le=16, description="of the Gaussian, cells")] = 2.0
    decode: Annotated[
        Literal["argmax", "quarter", "dark", "soft_argmax"],
        Field(
            description="read-out: the highest cell; that and a quarter of a cell towards its higher neighbours; the "
            "Gaussian's centre from its logarithm around the highest cell; or from the expectation around it"
        ),
    ] = "dark"

    @property
    def differentiable(self) -> bool:
        """See `DsntCodec.differentiable`; all read-outs begin at the highest cell."""
        return False


class SimccCodec(Strict):
    """Classification of each coordinate into bins narrower than a pixel (SimCC)."""

    name: Literal["simcc"] = "simcc"
    split: Annotated[int, Field(ge=1, le=8, description="bins per input pixel")] = 2
    sigma: Annotated[float, Field(ge=0.75, le=64, description="of the soft label, bins")] = 6.0
    decode: Annotated[
        Literal["argmax", "dark"], Field(description="read-out: the best bin, or between it and its neighbours")
    ] = "dark"

    @property
    def differentiable(self) -> bool:
        """See `DsntCodec.differentiable`."""
        return False


def _named(value: Any) -> Any:
    """`dsnt` for `{name: dsnt}`."""
    return {"name": value} if isinstance(value, str) else value


MapCodec = Annotated[
    DsntCodec | SoftmaxCodec | HeatmapCodec,
    Field(discriminator="name", description="how the map says where; `dsnt` is short for {name: dsnt}"),
    BeforeValidator(_named),
]
OnlyHeatmap = Annotated[HeatmapCodec, BeforeValidator(_named)]
AnyCodec = Annotated[
    DsntCodec | SoftmaxCodec | HeatmapCodec | SimccCodec,
    Field(discriminator="name", description="how keypoints are written; `dsnt` is short for {name: dsnt}"),
    BeforeValidator(_named),
]
CodecSettings = DsntCodec | SoftmaxCodec | HeatmapCodec | SimccCodec
