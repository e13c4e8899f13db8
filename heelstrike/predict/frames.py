"""What is known of one image or one frame of a video, and of all frames of an input."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measurement
from heelstrike.predict.summary import Summary


@dataclass(frozen=True)
class FrameResult:
    """One image, or one frame of a video. Coordinates are (x, y) in its pixels, (0, 0) the top-left pixel's centre.

    Attributes:
        number: Position in presentation order, from 0; 0 for an image.
        time_s: Presentation time stamp in seconds; None where there is none, as for an image.
        prediction: Everything that the network says.
        measurement: What was read off the keypoints, or why nothing was; None where the model measures nothing.
        reliable: False where a keypoint or a value may be off by more than the model's limits; None where there is no
            limit to judge by.
        doubts: Why it is not reliable, for a person.
    """

    number: int
    time_s: float | None
    prediction: Prediction
    measurement: Measurement | None
    reliable: bool | None
    doubts: tuple[str, ...]

    @property
    def keypoints(self) -> Float[np.ndarray, "K 2"] | None:
        """Places of all keypoints, in the order of `Model.keypoints`; None where the network looks for none."""
        return self.prediction.keypoints

    @property
    def confidence(self) -> Float[np.ndarray, "K"] | None:
        """Confidence of each keypoint, 0 to 1; those below `Model.confidence` count as missing."""
        return self.prediction.confidence

    @property
    def radius(self) -> Float[np.ndarray, "K"] | None:
        """Pixels that each keypoint may be off; inf without limit, None where the model has no radii."""
        return self.prediction.radius

    @property
    def measured(self) -> bool:
        """Whether there are values."""
        return self.measurement is not None and self.measurement.measured

    @property
    def values(self) -> dict[str, float]:
        """The measured values by name; empty where the frame was not measured."""
        return self.measurement.values if self.measurement else {}

    @property
    def half_widths(self) -> dict[str, float]:
        """How far the true value may be off each value to either side; inf without limit, empty without radii."""
        return self.measurement.half_widths if self.measurement else {}

    @property
    def reason(self) -> str | None:
        """Why the frame was not measured, as a code to count by (`missing_marker`); None where it was."""
        return self.measurement.reason if self.measurement else None

    @property
    def message(self) -> str | None:
        """Why the frame was not measured, for a person; None where it was."""
        return self.measurement.message if self.measurement else None


@dataclass(frozen=True)
class Source:
    """Where the pixels came from.

    Attributes:
        file: File name.
        kind: `image` or `video`.
        width: As displayed, pixels.
        height: As displayed, pixels.
        fps: Frames a second; `None` for an image.
        mm_per_px: Side of a pixel in millimetres; NaN or `None` where unknown.
    """

    file: str
    kind: str
    width: int
    height: int
    fps: float | None = None
    mm_per_px: float | None = None


@dataclass(frozen=True)
class Result:
    """All frames of one image or video.

    Attributes:
        source: File name, kind, size, frame rate, pixel size.
        frames: In presentation order; an image has one.
        summary: Counts, reasons, and the spread of every value.
    """

    source: Source
    frames: tuple[FrameResult, ...]
    summary: Summary
