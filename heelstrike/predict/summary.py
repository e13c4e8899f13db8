"""The summary of one input: how many frames were measured, why others were not, and the spread of every value."""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from heelstrike.measure.base import Measure, Measurement
from heelstrike.rounding import round_number

_DIGITS = 3


@dataclass(frozen=True)
class Spread:
    """Median and range of one value over the frames that have this value."""

    median: float
    min: float
    max: float


@dataclass(frozen=True)
class Summary:
    """Summary of all frames of one image or video.

    Attributes:
        frames: Number of frames.
        not_reliable: Number of frames that are not reliable; `None` if the model has no limits to judge by.
        measured: Number of frames that were measured; `None` if the model measures nothing.
        not_measured: Number of frames that were not measured, by reason.
        unit: Unit of the main values; `None` if the model measures nothing.
        units: Unit of each value, by name.
        values: Median and range of each value, by name.
    """

    frames: int
    not_reliable: int | None = None
    measured: int | None = None
    not_measured: dict[str, int] = field(default_factory=dict)
    unit: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    values: dict[str, Spread] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as it is in the result file."""
        counts = {"frames": self.frames, "not_reliable": self.not_reliable}
        if self.measured is None:
            return counts
        spreads = {
            name: {key: round_number(value, _DIGITS) for key, value in vars(spread).items()}
            for name, spread in self.values.items()
        }
        more = {"measured": self.measured, "not_measured": self.not_measured, "unit": self.unit, "units": self.units}
        return {**counts, **more, "values": spreads}


class Tally:
    """Makes a summary from frames that are added one by one.

    Args:
        measure: The measure of single images; `None` if the model has none.
    """

    def __init__(self, measure: Measure | None) -> None:
        self._measure = measure
        self._frames, self._reasons = 0, Counter[str]()
        self._judged, self._unreliable = 0, 0
        self._values: dict[str, list[float]] = {name: [] for name in measure.quantities} if measure else {}
        self._units = dict(zip(measure.quantities, measure.units, strict=True)) if measure else {}

    def add(self, measurement: Measurement | None, reliable: bool | None) -> None:
        """Add one frame: its measurement, and whether it is reliable."""
        self._frames += 1
        self._judged, self._unreliable = self._judged + (reliable is not None), self._unreliable + (reliable is False)
        if measurement is None:
            return
        self._reasons.update([measurement.reason] if measurement.reason else [])
        for name, value in measurement.values.items():
            # some values are not among the quantities, for instance the arch index, which is measured on the image
            self._values.setdefault(name, []).append(value)
            self._units[name] = measurement.unit_of(name)

    @property
    def summary(self) -> Summary:
        """Summary of the frames added so far."""
        not_reliable = self._unreliable if self._judged else None
        if self._measure is None:
            return Summary(self._frames, not_reliable)
        return Summary(
            self._frames,
            not_reliable,
            measured=self._frames - self._reasons.total(),
            not_measured=dict(sorted(self._reasons.items())),
            unit=self._measure.unit,
            units=dict(self._units),
            values={name: _spread(values) for name, values in self._values.items() if values},
        )


def _spread(values: list[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))
