"""Settings of the measurement, what a clinician reads off the keypoints."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.problem import Strict


class RearfootSettings(Strict):
    """Rear-foot angle of each leg from three markers, top to bottom."""

    name: Literal["rearfoot_angle"]
    left: Annotated[tuple[str, str, str], Field(description="the left leg's keypoints, top to bottom")]
    right: Annotated[tuple[str, str, str], Field(description="the right leg's keypoints, top to bottom")]


MeasureSettings = RearfootSettings
