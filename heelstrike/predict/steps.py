"""The steps of a video in `predict`: their collection from frames, their CSV, and their lines for the terminal."""

import csv
from collections.abc import Iterator
from typing import TextIO

from heelstrike.measure.build import build_steps
from heelstrike.measure.steps.results import ANGLES, CURVE_POINTS, UNITS, LegSteps, Step, Steps
from heelstrike.measure.steps.statistics import Estimate
from heelstrike.package.manifest import Manifest
from heelstrike.predict.frames import FrameResult
from heelstrike.rounding import round_array, round_number
from heelstrike.units import symbol

STEPS_CSV = ".steps.csv"
STEP_COLUMNS = ("leg", "step", "strike_s", "toe_off_s")
"""First columns of the CSV of steps, by which it is known to be a result."""

_DIGITS, _CURVE_DIGITS = 3, 2
_DIRECTIONS = {"away": "walks away", "towards": "walks towards the camera", "in_place": "walks in place"}


class VideoSteps:
    """Collects the frames of a video for its steps.

    Args:
        manifest: The package's manifest.
    """

    def __init__(self, manifest: Manifest) -> None:
        names, measure = manifest.category.keypoints, manifest.measure
        self._collector = build_steps(measure, names, manifest.confidence, manifest.radii) if measure else None

    @property
    def measured(self) -> bool:
        """True if the model measures walking legs, so that its videos have steps."""
        return self._collector is not None

    def add(self, frame: FrameResult) -> None:
        """Add the next frame."""
        keypoints, confidence, measurement = frame.keypoints, frame.confidence, frame.measurement
        if self._collector is None or keypoints is None or confidence is None or measurement is None:
            return
        self._collector.add(frame.time_s, keypoints, confidence, frame.radius, measurement)

    def steps(self) -> Steps | None:
        """Return the steps of the frames added so far; `None` if the model does not measure walking legs."""
        return self._collector.steps() if self._collector else None


def write_steps(stream: TextIO, steps: Steps) -> None:
    """Write the CSV of steps: a row for each whole stance. New columns are added only at the end."""
    rows = csv.writer(stream, lineterminator="\n")
    values = [f"{name}_{unit}" for name, unit in UNITS.items()]
    widths = [f"{name}_{UNITS[name]}_half_width" for name in ANGLES]
    curve = [f"deg_at_{percent}" for percent in range(CURVE_POINTS)]
    rows.writerow([*STEP_COLUMNS, *values, *widths, *curve])
    counts = dict.fromkeys(("left", "right"), 0)
    for step in steps.steps:
        counts[step.leg] += 1
        rows.writerow(["" if cell is None else cell for cell in _row(step, counts[step.leg])])


def _row(step: Step, number: int) -> list[str | float | None]:
    return [
        step.leg,
        number,
        round_number(step.strike_s, _DIGITS),
        round_number(step.toe_off_s, _DIGITS),
        *(round_number(step.values[name], _DIGITS) for name in UNITS),
        *(round_number(step.half_widths[name], _DIGITS) for name in ANGLES),
        *round_array(step.curve_deg, _CURVE_DIGITS),
    ]


def described(steps: Steps) -> Iterator[str]:
    """Yield the steps as lines for a person: the walk, each leg, the difference of the legs; or why there are none."""
    if steps.reason is not None:
        yield f"no steps: {steps.message}"
        return
    walk = _DIRECTIONS.get(steps.direction or "", "walks")
    cadence = round_number(steps.cadence, 0)
    yield walk if cadence is None else f"{walk}, {cadence:.0f} steps a minute"
    for side, leg in steps.legs.items():
        yield f"{side} {_leg(leg)}"
    if "mid_stance" in steps.difference:
        yield f"left minus right: mid-stance {_written(steps.difference['mid_stance'], 'deg')}"


def _leg(leg: LegSteps) -> str:
    count = f"{leg.steps} step{'' if leg.steps == 1 else 's'}"
    values = [
        f"{name.replace('_', '-')} {_written(leg.values[name], UNITS[name])}"
        for name in ("mid_stance", "range", "stance")
        if name in leg.values
    ]
    return f"{count}: {', '.join(values)}"


def _written(estimate: Estimate, unit: str) -> str:
    digits = 2 if unit == "s" else 1
    half_width = round_number(estimate.half_width, digits)
    margin = "" if half_width is None else f" ± {half_width:.{digits}f}"
    return f"{estimate.mean:.{digits}f}{margin}".replace("-", "−") + symbol(unit)
