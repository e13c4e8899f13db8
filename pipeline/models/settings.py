"""Settings of the architectures, one class each; `name` picks one."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.problem import Strict


class MultiHeadSettings(Strict):
    """The published multi-headed network: residual backbone, fully connected box and keypoint heads."""

    name: Literal["multihead"]
    channels: Annotated[tuple[int, ...], Field(min_length=1, description="channels of each residual level")] = (
        32,
        64,
        128,
        128,
        128,
    )
    hidden: Annotated[int, Field(ge=1, description="width of the heads' fully connected layer")] = 256
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


class SpatialSettings(Strict):
    """The light fully-convolutional network: strided stem, encoder-decoder with skips, a spatial map per keypoint."""

    name: Literal["spatial"]
    width: Annotated[int, Field(ge=4, description="channels at the finest level; doubled at each level down")] = 32
    levels: Annotated[int, Field(ge=1, le=6, description="levels below the maps' resolution")] = 3
    stride: Annotated[Literal[1, 2, 4, 8], Field(description="input pixels per map cell")] = 4
    codec: Annotated[Literal["dsnt", "softmax"], Field(description="see pipeline/models/codecs")] = "dsnt"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


ModelSettings = Annotated[MultiHeadSettings | SpatialSettings, Field(discriminator="name")]
