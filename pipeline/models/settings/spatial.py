"""Settings of the networks with a spatial map per keypoint and a box head."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.models.settings.codecs import DsntCodec, MapCodec, SoftmaxCodec
from pipeline.problem import Problem


class SpatialSettings(ArchitectureSettings):
    """The light fully-convolutional network: strided stem, encoder-decoder with skips, a spatial map per keypoint."""

    network = "pipeline.models.spatial:Spatial"

    name: Literal["spatial"]
    width: Annotated[int, Field(ge=4, description="channels at the finest level; doubled at each level down")] = 32
    levels: Annotated[int, Field(ge=1, le=6, description="levels below the maps' resolution")] = 3
    stride: Annotated[Literal[1, 2, 4, 8], Field(description="input pixels per map cell")] = 4
    codec: MapCodec = DsntCodec()
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @property
    def channels(self) -> list[int]:
        """Channels of each level, the maps' own first."""
        return [self.width * 2**level for level in range(self.levels + 1)]

    @property
    def differentiable(self) -> bool:
        """True if the codec's decoding has a gradient."""
        return self.codec.differentiable

    @property
    def multiple(self) -> int:
        """Input pixels per cell of the coarsest map; the input is padded to a multiple of it."""
        return int(self.stride) * 2**self.levels

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(self.multiple, problem, "fewer levels or a smaller stride")


class RefinedSettings(ArchitectureSettings):
    """The light network at coarse resolution, then a refinement at full resolution around each predicted keypoint."""

    network = "pipeline.models.refined:Refined"

    name: Literal["refined"]
    width: Annotated[int, Field(ge=4, description="as of `spatial`, which is the coarse network")] = 32
    levels: Annotated[int, Field(ge=1, le=6)] = 2
    stride: Annotated[Literal[2, 4, 8], Field(description="input pixels per cell of the coarse map")] = 8
    codec: MapCodec = SoftmaxCodec()
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    window: Annotated[int, Field(ge=8, multiple_of=4, description="side of the refinement window, input pixels")] = 32
    window_width: Annotated[int, Field(ge=4, description="channels of the refinement")] = 24
    window_blocks: Annotated[int, Field(ge=1, description="residual blocks of the refinement")] = 2
    jitter: Annotated[float, Field(ge=0, description="shift of the windows in training, input pixels")] = 6
    brighten: Annotated[bool, Field(description="dark images are brightened first, so that the network knows them")] = (
        False
    )
    apart_px: Annotated[
        float,
        Field(
            ge=0,
            description="keypoints on markers: two that are nearer to each other, input pixels, are one marker and get "
            "one name; 0: keypoints may be at the same place",
        ),
    ] = 0.0
    box: Annotated[
        Literal["features", "keypoints"],
        Field(
            description="the box is predicted from the features, or is the extent of the keypoints plus learned margins"
        ),
    ] = "features"

    @property
    def coarse(self) -> SpatialSettings:
        """Settings of the coarse network."""
        return SpatialSettings(
            name="spatial",
            width=self.width,
            levels=self.levels,
            stride=self.stride,
            codec=self.codec,
            dropout=self.dropout,
        )

    @property
    def learns_after(self) -> dict[str, str]:
        """The box after the keypoints, if it is computed from them."""
        return {"box": "keypoints"} if self.box == "keypoints" else {}

    @property
    def differentiable(self) -> bool:
        """False: a loss of the decoded coordinates has a gradient for the refinement only."""
        return False

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        if self.window > min(problem.input.width, problem.input.height):
            return f"looks at windows of {self.window} px, more than the input has; use a smaller window"
        return self.coarse.misfit(problem)
