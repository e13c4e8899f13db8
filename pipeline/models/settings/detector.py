"""Settings of the single-shot detector."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.problem import Problem

Side = Annotated[float, Field(gt=0)]


class DetectorSettings(ArchitectureSettings):
    """Four convolution blocks; heads at three resolutions predict any number of instances by anchors."""

    network = "pipeline.models.detector:Detector"

    name: Literal["detector"]
    channels: Annotated[
        tuple[int, int, int, int],
        Field(description="of the four blocks; each halves the map, the last three have heads"),
    ] = (16, 24, 48, 96)
    depth: Annotated[
        tuple[int, int, int, int], Field(description="residual blocks in each; they enlarge the receptive field")
    ] = (0, 1, 1, 2)
    anchors: Annotated[
        tuple[tuple[Side, ...], tuple[Side, ...], tuple[Side, ...]],
        Field(description="sides of the square anchors of each scale, fine to coarse, input pixels"),
    ] = ((16, 24, 32), (48, 64, 96), (96, 128, 192))
    positive_iou: Annotated[
        float, Field(gt=0, lt=1, description="an anchor of at least this overlap with an instance is positive")
    ] = 0.5
    negative_iou: Annotated[
        float, Field(gt=0, lt=1, description="below this overlap it is background; between the two it is ignored")
    ] = 0.3
    negatives: Annotated[float, Field(gt=0, description="hard negatives in the loss for each positive")] = 3.0
    score: Annotated[float, Field(ge=0, lt=1, description="predictions with a lower score are left out")] = 0.02
    nms_iou: Annotated[
        float, Field(gt=0, lt=1, description="of two predictions of a class that overlap more, one is removed")
    ] = 0.45
    most: Annotated[int, Field(ge=1, le=1000, description="largest number of predictions for an image")] = 50

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.negative_iou > self.positive_iou:
            raise ValueError(f"negative_iou {self.negative_iou} must not be above positive_iou {self.positive_iou}")
        if not all(self.anchors):
            raise ValueError("anchors of a scale are missing; give at least one side for each of the three")
        return self

    @property
    def heads(self) -> tuple[str, ...]:
        """Detections only."""
        return ("detections",)

    @property
    def strides(self) -> tuple[int, int, int]:
        """Input pixels per cell of each scale."""
        return (4, 8, 16)

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(self.strides[-1], problem, "a larger problem.input")
