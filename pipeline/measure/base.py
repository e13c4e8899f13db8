"""What every measure offers: one frame measured with a reason where it cannot be, and errors over many frames."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Measurement:
    """What was read off one frame, or why nothing was.

    Attributes:
        name: Name of the measure, as in params.
        unit: Unit of `values`.
        reason: A code (`missing_marker`) where the frame was not measured; none where it was.
        message: The same for a person, with the numbers found; none where the frame was measured.
        warnings: What a person should know about a frame that was measured all the same.
        values: The numbers, by name; empty where the frame was not measured.
        details: What the measure adds for its own domain, JSON-able, for instance the legs.
    """

    name: str
    unit: str
    reason: str | None = None
    message: str | None = None
    warnings: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether there are values."""
        return self.reason is None

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
            **self.details,
        }


class Measure(Protocol):
    """One way of reading keypoints.

    Attributes:
        name: As in params.
        title: The same for a person.
        group: What its numbers are called in metrics.json.
        unit: Unit of everything it measures, as in names (`median_deg`).
        symbol: That unit as written after a number.
        sign: What a positive value means.
        yardstick: What its error is to be compared with.
        quantities: What one frame yields, in the order of the columns of `values`.
    """

    name: str
    title: str
    group: str
    unit: str
    symbol: str
    sign: str
    yardstick: str
    quantities: tuple[str, ...]

    def measure(self, keypoints: Float[np.ndarray, "K 2"], confidence: Float[np.ndarray, "K"]) -> Measurement:
        """Measure one frame as a consumer would: never a guess, a reason instead.

        Args:
            keypoints: (x, y) in pixels; NaN counts as missing.
            confidence: In [0, 1]; a point below the measure's threshold counts as missing.
        """
        ...

    def values(self, keypoints: Float[np.ndarray, "N K 2"]) -> Float[np.ndarray, "N Q"]:
        """The quantities by the keypoints' own names, nothing checked; NaN where a point is NaN."""
        ...

    def differences(
        self, predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"]
    ) -> Float[np.ndarray, "N Q"]:
        """Predicted minus true quantities; NaN where either is unknown."""
        ...

    def errors(
        self, predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"]
    ) -> Float[np.ndarray, "N"]:
        """Mean absolute difference per image; NaN for an image of which no quantity is known."""
        ...
