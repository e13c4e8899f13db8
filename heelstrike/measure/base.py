"""What every measure offers: one frame measured with a reason where it cannot be, and errors over many frames."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.measure.angles import Side
from heelstrike.units import symbol


@dataclass(frozen=True)
class Measurement:
    """What was read off one frame, or why nothing was.

    Attributes:
        name: Name of the measure, as in params.
        unit: Unit of the main `values`.
        units: Unit of each of `values` that has another one, by name.
        reason: A code (`missing_marker`) where the frame was not measured; none where it was.
        message: The same for a person, with the numbers found; none where the frame was measured.
        warnings: What a person should know about a frame that was measured all the same.
        values: The numbers, by name; empty where the frame was not measured.
        details: What the measure adds for its own domain, JSON-able, for instance the legs.
        half_widths: How far the true value may be off each of `values` to either side; inf where nothing can be
            promised. Empty where the model was packaged without radii.
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
        """Whether there are values."""
        return self.reason is None

    def unit_of(self, value: str) -> str:
        """Unit of one of `values`."""
        return self.units.get(value, self.unit)

    def margin(self, value: str) -> str:
        """The half-width of one of `values` as written after it, ` ± 1.2`; empty where nothing is promised."""
        size = self.half_widths.get(value, math.inf)
        return f" ± {size:.1f}" if math.isfinite(size) else ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a result file: the fields above, with `details` at the top level."""
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
    """A short text on the picture of a measurement.

    Attributes:
        text: What it reads.
        point: (x, y) of what it belongs to, in pixels of the image.
        side: On which side of the point it stands, as seen.
    """

    text: str
    point: tuple[float, float]
    side: Side


class Measure(ABC):
    """One way of reading keypoints.

    Args:
        settings: The measure's own class of `settings`.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: Points below it count as missing.

    Attributes:
        name: As in params.
        title: The same for a person.
        group: What its numbers are called in metrics.json.
        unit: Unit of the quantities that figures, gates and the report speak of, as in names (`median_deg`).
        units: Unit of each quantity; of those with another than `unit` only the errors are stated.
        sign: What a positive value means.
        human_error: How far off people are, as a sentence for the report; empty where no source says.
        quantities: What one frame yields, in the order of the columns of `values`.
        suffixes: Ends of the names of what `files` gives.
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

    @abstractmethod
    def __init__(self, settings: Any, keypoints: tuple[str, ...], min_confidence: float) -> None: ...

    @property
    def symbol(self) -> str:
        """The unit as written after a number."""
        return symbol(self.unit)

    @abstractmethod
    def measure(
        self,
        keypoints: Float[np.ndarray, "K 2"],
        confidence: Float[np.ndarray, "K"],
        mm_per_px: float = math.nan,
        image: UInt8[np.ndarray, "H W 3"] | None = None,
    ) -> Measurement:
        """Measure one frame as a consumer would: never a guess, a reason instead.

        Args:
            keypoints: (x, y) in pixels; NaN counts as missing.
            confidence: In [0, 1]; a point below the measure's threshold counts as missing.
            mm_per_px: Side of a pixel in millimetres; NaN where unknown.
            image: The image itself, RGB, for what is read off its pixels; none: that part is left out.
        """

    def files(self, measurement: Measurement) -> dict[str, bytes]:
        """Files that a consumer gets beside the result, by the end of their names; mostly none."""
        return {}

    def labels(self, measurement: Measurement) -> tuple[Label, ...]:
        """What is written on the picture of a measured frame beside the points it was read off; mostly nothing."""
        return ()

    @abstractmethod
    def values(
        self, keypoints: Float[np.ndarray, "N K 2"], mm_per_px: Float[np.ndarray, "N"] | float = math.nan
    ) -> Float[np.ndarray, "N Q"]:
        """The quantities by the keypoints' own names, nothing checked; NaN where a point is NaN, or a scale needed."""

    def differences(
        self,
        predicted: Float[np.ndarray, "N K 2"],
        truth: Float[np.ndarray, "N K 2"],
        mm_per_px: Float[np.ndarray, "N"] | float = math.nan,
    ) -> Float[np.ndarray, "N Q"]:
        """Predicted minus true quantities; NaN where either is unknown."""
        return self.values(predicted, mm_per_px) - self.values(truth, mm_per_px)

    def errors(
        self,
        predicted: Float[np.ndarray, "N K 2"],
        truth: Float[np.ndarray, "N K 2"],
        mm_per_px: Float[np.ndarray, "N"] | float = math.nan,
    ) -> Float[np.ndarray, "N"]:
        """Mean absolute difference per image of the quantities in `unit`; NaN for an image where none is known."""
        main = [unit == self.unit for unit in self.units]
        return mean_over_known(self.differences(predicted, truth, mm_per_px)[:, main])

    def refused(self, reason: str, message: str) -> Measurement:
        """Of a frame that cannot be measured: why, as a code and for a person."""
        return Measurement(self.name, self.unit, reason=reason, message=message)


def mean_over_known(differences: Float[np.ndarray, "N Q"]) -> Float[np.ndarray, "N"]:
    """Mean of the absolute differences of each row that are known; NaN where none is."""
    known = np.isfinite(differences)
    total = np.where(known, np.abs(differences), 0.0).sum(axis=1)
    return np.divide(total, known.sum(axis=1), out=np.full(len(total), np.nan), where=known.any(axis=1))
