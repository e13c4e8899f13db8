"""The results of one image or frame, and of a whole image or video."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measurement
from heelstrike.measure.steps.results import Steps
from heelstrike.predict.summary import Summary


@dataclass(frozen=True)
class FrameResult:
    """The result of one image or one frame of a video.

    Coordinates are (x, y) in pixels of the image; (0, 0) is the centre of the top-left pixel.

    Attributes:
        number: Position in presentation order, from 0; 0 for an image.
        time_s: Presentation time stamp in seconds; `None` for an image or for frames from memory.
        prediction: All outputs of the network.
        measurement: The measured values, or why nothing was measured; `None` if the model measures nothing.
        reliable: False if a keypoint or a value may be off by more than the model's limits; `None` without limits.
        doubts: Why the frame is not reliable, as sentences for a person; empty if it is reliable.
    """

    number: int
    time_s: float | None
    prediction: Prediction
    measurement: Measurement | None
    reliable: bool | None
    doubts: tuple[str, ...]

    @property
    def keypoints(self) -> Float[np.ndarray, "K 2"] | None:
        """Position of each keypoint, in the order of `Model.keypoints`; `None` if the network predicts no keypoints."""
        return self.prediction.keypoints

    @property
    def confidence(self) -> Float[np.ndarray, "K"] | None:
        """Confidence of each keypoint, 0 to 1. A keypoint below `Model.confidence` counts as missing."""
        return self.prediction.confidence

    @property
    def radius(self) -> Float[np.ndarray, "K"] | None:
        """Pixels that each keypoint may be off; inf without limit, `None` if the model has no radii."""
        return self.prediction.radius

    @property
    def from_frames(self) -> int | None:
        """Number of frames that the keypoints are from, this one and others; `None` if from this frame alone."""
        return self.prediction.from_frames

    @property
    def measured(self) -> bool:
        """True if the frame was measured, so that there are `values`."""
        return self.measurement is not None and self.measurement.measured

    @property
    def values(self) -> dict[str, float]:
        """The measured values by name; empty if the frame was not measured."""
        return self.measurement.values if self.measurement else {}

    @property
    def half_widths(self) -> dict[str, float]:
        """How far the true value may be off each value, to either side; inf without limit, empty without radii."""
        return self.measurement.half_widths if self.measurement else {}

    @property
    def reason(self) -> str | None:
        """Why the frame was not measured, as a code such as `missing_marker`; `None` if it was measured."""
        return self.measurement.reason if self.measurement else None

    @property
    def message(self) -> str | None:
        """Why the frame was not measured, as a sentence for a person; `None` if it was measured."""
        return self.measurement.message if self.measurement else None


@dataclass(frozen=True)
class Source:
    """The image or video that was measured.

    Attributes:
        file: File name.
        kind: `image` or `video`.
        width: Width in pixels, as displayed.
        height: Height in pixels, as displayed.
        fps: Average frames per second; `None` for an image.
        mm_per_px: Side of a pixel in millimetres; NaN or `None` if unknown.
    """

    file: str
    kind: str
    width: int
    height: int
    fps: float | None = None
    mm_per_px: float | None = None


@dataclass(frozen=True)
class Result:
    """The results of all frames of one image or video.

    Attributes:
        source: The image or video.
        frames: Results of the frames in presentation order; an image has one.
        summary: Counts of frames, and median and range of every value.
        steps: Steps of a video of walking legs; `None` for an image, and if the model does not measure walking legs.
    """

    source: Source
    frames: tuple[FrameResult, ...]
    summary: Summary
    steps: Steps | None = None
