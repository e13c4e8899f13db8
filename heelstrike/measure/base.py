"""The interface of a measure of single images, and the result of measuring."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.heads.prediction import Refusal
from heelstrike.measure.angles import Side
from heelstrike.reasons import Reason
from heelstrike.units import symbol


@dataclass(frozen=True)
class Measurement:
    """The values measured on one frame, or why it was not measured.

    Attributes:
        name: Name of the measure, as in params.yaml.
        unit: Unit of the main values.
        units: Unit of each value whose unit is not `unit`, by name.
        reason: Why the frame was not measured, as a code such as `missing_marker`; `None` if it was measured.
        message: Why the frame was not measured, as a sentence for a person; `None` if it was measured.
        warnings: What a person should know about a frame that was measured, as sentences.
        values: The measured values by name; empty if the frame was not measured.
        details: What the measure adds for its own domain, as JSON values, for instance the legs.
        half_widths: How far the true value may be off each value, to either side; inf without limit. Empty if the
            package has no radii.
    """

    name: str
    unit: str
    reason: str | None = None
    message: str | None = None
    warnings: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    half_widths: dict[str, float] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """True if the frame was measured, so that there are values."""
        return self.reason is None

    def unit_of(self, value: str) -> str:
        """Return the unit of a value, by its name."""
        return self.units.get(value, self.unit)

    def margin(self, value: str) -> str:
        """Return the half-width of a value as it is written after the value, ` ± 1.2`; empty if it has none."""
        size = self.half_widths.get(value, math.inf)
        return f" ± {size:.1f}" if math.isfinite(size) else ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as they are in result files, with `details` at the top level."""
        return {
            "name": self.name,
            "unit": self.unit,
            "measured": self.measured,
            "reason": self.reason,
            "message": self.message,
            "warnings": list(self.warnings),
            "values": dict(self.values),
            "units": {name: self.unit_of(name) for name in self.values},
            "half_widths": {name: size if math.isfinite(size) else None for name, size in self.half_widths.items()},
            **self.details,
        }


class Label(NamedTuple):
    """A short text beside a point in an overlay.

    Attributes:
        text: The text.
        point: (x, y) of the point in pixels of the image.
        side: Side of the point to write on, as seen in the image.
    """

    text: str
    point: tuple[float, float]
    side: Side


class Measure(ABC):
    """A measure of single images: computes quantities from keypoints.

    Args:
        settings: The measure's settings, of its own class.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.

    Attributes:
        name: Name of the measure in params.yaml.
        title: Name of the measure for a person.
        group: Group of its metrics in metrics.json.
        unit: Unit of the main quantities, as in names of metrics (`median_deg`). Figures, gates and report use these.
        units: Unit of each quantity.
        sign: What a positive value means, for the report.
        human_error: How far off people are, as a sentence for the report; empty if no source is known.
        quantities: Names of the quantities, in the order of the columns of `values`.
        suffixes: Suffixes of the files that `files` returns.
        needs_pixels: True if some values are measured on the image's pixels.
    """

    name: str
    title: str
    group: str
    unit: str
    units: tuple[str, ...]
    sign: str
    human_error: str
    quantities: tuple[str, ...]
    suffixes: tuple[str, ...] = ()
    needs_pixels: bool = False

    @abstractmethod
    def __init__(self, settings: Any, keypoints: tuple[str, ...], min_confidence: float) -> None: ...

    @property
    def symbol(self) -> str:
        """The unit as it is written after a number."""
        return symbol(self.unit)

    @abstractmethod
    def measure(
        self,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        mm_per_px: float = math.nan,
        image: UInt8[np.ndarray, "H W 3"] | None = None,
    ) -> Measurement:
        """Measure one frame. A frame that cannot be measured has a reason instead of values.

        Args:
            keypoints: (x, y) in pixels; NaN counts as missing.
            confidence: Confidence in [0, 1]; a keypoint below `min_confidence` counts as missing.
            mm_per_px: Side of a pixel in millimetres; NaN if unknown.
            image: The RGB image, for values that need its pixels; `None` leaves those values out.
        """

    def files(self, measurement: Measurement) -> dict[str, bytes]:
        """Return the contents of files to write beside the result, by suffix; empty by default."""
        return {}

    def labels(self, measurement: Measurement) -> tuple[Label, ...]:
        """Return labels for the overlay of a measured frame; none by default."""
        return ()

    @abstractmethod
    def values(
        self, keypoints: Float[np.ndarray, "N K 2"], mm_per_px: Float[np.ndarray, "N"] | float = math.nan
    ) -> Float[np.ndarray, "N Q"]:
        """Return the quantities of each image, without any checks.

        Args:
            keypoints: (x, y) in pixels.
            mm_per_px: Side of a pixel in millimetres; NaN if unknown.

        Returns:
            A column for each quantity; NaN if a keypoint is NaN, or if a length needs an unknown scale.
        """

    def differences(
        self,
        predicted: Float[np.ndarray, "N K 2"],
        truth: Float[np.ndarray, "N K 2"],
        mm_per_px: Float[np.ndarray, "N"] | float = math.nan,
    ) -> Float[np.ndarray, "N Q"]:
        """Return predicted minus true quantities; NaN if either is NaN."""
        return self.values(predicted, mm_per_px) - self.values(truth, mm_per_px)

    def errors(
        self,
        predicted: Float[np.ndarray, "N K 2"],
        truth: Float[np.ndarray, "N K 2"],
        mm_per_px: Float[np.ndarray, "N"] | float = math.nan,
    ) -> Float[np.ndarray, "N"]:
        """Return the mean absolute difference of the main quantities of each image; NaN if all of them are NaN."""
        main = [unit == self.unit for unit in self.units]
        return mean_over_known(self.differences(predicted, truth, mm_per_px)[:, main])

    def refusal(
        self, refusal: Refusal, keypoints: Float[np.ndarray, "K 2"], confidence: Float[np.ndarray, "K"]
    ) -> Measurement:
        """Return the measurement of a frame whose keypoints are not believed.

        Args:
            refusal: Why they are not believed.
            keypoints: (x, y) in pixels.
            confidence: Confidence in [0, 1]; 0 for a keypoint that is not believed.
        """
        return self.refused(refusal.reason, refusal.message)

    def refused(self, reason: Reason, message: str) -> Measurement:
        """Return the measurement of a frame that cannot be measured, with the reason as a code and as a sentence."""
        return Measurement(self.name, self.unit, reason=reason, message=message)


def mean_over_known(differences: Float[np.ndarray, "N Q"]) -> Float[np.ndarray, "N"]:
    """Return the mean absolute value of each row without its NaNs; NaN for a row that has only NaNs."""
    known = np.isfinite(differences)
    total = np.where(known, np.abs(differences), 0.0).sum(axis=1)
    return np.divide(total, known.sum(axis=1), out=np.full(len(total), np.nan), where=known.any(axis=1))
