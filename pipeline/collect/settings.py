"""Settings of the collect stage."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.settings import Strict
from pipeline.collect.table_sources import CsvSource, DeepLabCutSource, LandmarksSource, LightningPoseSource
from pipeline.collect.tool_sources import (
    CocoBoxesSource,
    CocoSource,
    CvatSource,
    Ee641Source,
    LabelMeSource,
    LabelStudioSource,
    SleapSource,
    ViaSource,
    YoloPoseSource,
)
from pipeline.synthetic.settings import SyntheticSource

Source = Annotated[
    SyntheticSource
    | CsvSource
    | DeepLabCutSource
    | CocoSource
    | CocoBoxesSource
    | LabelStudioSource
    | Ee641Source
    | ViaSource
    | LandmarksSource
    | LabelMeSource
    | CvatSource
    | SleapSource
    | LightningPoseSource
    | YoloPoseSource,
    Field(discriminator="kind"),
]


class CollectSettings(Strict):
    """Sources of labels and images, and the margin of the boxes around the keypoints."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1, description="sources of labels and images")]
    box_buffer_px: Annotated[
        float,
        Field(ge=0, description="margin of the box around the keypoints, pixels; the box is clipped to the image"),
    ] = 80
    strict: Annotated[
        bool,
        Field(
            description="stop if anything is left out: labels, columns with too many values for a slice, files that no "
            "source reads, images and videos that no label names; otherwise they are counted and listed"
        ),
    ] = False
    repeated_pictures: Annotated[
        Literal["error", "keep"],
        Field(
            description="if the same pixels are labelled under two names: stop, or train on both, for instance for "
            "frames of a recording that stands still"
        ),
    ] = "error"
