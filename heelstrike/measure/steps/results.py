"""The steps of a video, as a result: events, steps, and estimates of each leg."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from heelstrike.measure.angles import Side
from heelstrike.measure.steps.scale import Direction
from heelstrike.measure.steps.statistics import Estimate
from heelstrike.rounding import round_array, round_json, round_number

CURVE_POINTS = 101
"""Points of an angle's time course over stance, from strike (0 %) to toe off (100 %)."""

ANGLES = ("strike", "mid_stance", "toe_off", "range")
TIMES = ("stance", "swing", "stride")
UNITS = dict.fromkeys(ANGLES, "deg") | dict.fromkeys(TIMES, "s")
"""Values of a step with their units: the signed angle at three instants of stance and its range; durations."""

_DIGITS, _CURVE_DIGITS = 3, 2


@dataclass(frozen=True)
class Event:
    """The strike or the toe off of a foot.

    Attributes:
        leg: The leg.
        kind: What happened.
        time_s: When, in the video's time stamps.
    """

    leg: Side
    kind: Literal["strike", "toe_off"]
    time_s: float

    def to_json(self) -> dict[str, Any]:
        """Return the event as in result files."""
        return {"leg": self.leg, "kind": self.kind, "time_s": round_number(self.time_s, _DIGITS)}


@dataclass(frozen=True)
class Step:
    """One stance of a leg, from foot strike to toe off.

    Attributes:
        leg: The leg.
        strike_s: Time of the foot strike, seconds.
        toe_off_s: Time of the toe off, seconds.
        values: The values that `UNITS` lists; NaN where a value is not known.
        half_widths: How far the true angle may be off each angle, to either side; inf without limit, NaN if unknown.
        curve_deg: The signed angle over stance; NaN where markers were not found.
    """

    leg: Side
    strike_s: float
    toe_off_s: float
    values: dict[str, float]
    half_widths: dict[str, float]
    curve_deg: Float[np.ndarray, "101"]

    def to_json(self) -> dict[str, Any]:
        """Return the step as in result files."""
        return {
            "leg": self.leg,
            "strike_s": round_number(self.strike_s, _DIGITS),
            "toe_off_s": round_number(self.toe_off_s, _DIGITS),
            "values": round_json(self.values, _DIGITS),
            "half_widths": round_json(self.half_widths, _DIGITS),
            "curve_deg": round_array(self.curve_deg, _CURVE_DIGITS),
        }


@dataclass(frozen=True)
class LegSteps:
    """The estimates of one leg over its steps.

    Attributes:
        steps: Number of whole stances.
        values: Mean, standard deviation and half-width of each value; a value that no step has is left out.
        curve_deg: Mean angle over stance; NaN where no step has it.
        curve_sd_deg: Its standard deviation over the steps; NaN for fewer than two.
    """

    steps: int
    values: dict[str, Estimate]
    curve_deg: Float[np.ndarray, "101"]
    curve_sd_deg: Float[np.ndarray, "101"]

    def to_json(self) -> dict[str, Any]:
        """Return the leg as in result files."""
        return {
            "steps": self.steps,
            "values": {name: estimate.to_json() for name, estimate in self.values.items()},
            "curve_deg": round_array(self.curve_deg, _CURVE_DIGITS),
            "curve_sd_deg": round_array(self.curve_sd_deg, _CURVE_DIGITS),
        }


@dataclass(frozen=True)
class Steps:
    """The steps of a video of a person seen from behind.

    Attributes:
        reason: Why there are no steps, as a code such as `standing`; `None` if there are.
        message: Why there are no steps, as a sentence for a person; `None` if there are.
        direction: The way the patient walks; `in_place` on a treadmill or on the spot. `None` if it cannot be told.
        cadence: Steps of both legs a minute; NaN if fewer than two strikes follow each other.
        events: Strikes and toe offs of both legs, in order of time, also of steps that were not filmed wholly.
        steps: Whole stances of both legs, in order of time.
        legs: Estimates by leg; a leg without a whole stance is left out.
        difference: Left minus right of each value that both legs have.
        notes: What a person should know about these steps, as sentences.
    """

    reason: str | None = None
    message: str | None = None
    direction: Direction | None = None
    cadence: float = np.nan
    events: tuple[Event, ...] = ()
    steps: tuple[Step, ...] = ()
    legs: dict[Side, LegSteps] = field(default_factory=dict)
    difference: dict[str, Estimate] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the steps as in result files."""
        return {
            "reason": self.reason,
            "message": self.message,
            "direction": self.direction,
            "cadence_per_min": round_number(self.cadence, _DIGITS),
            "units": dict(UNITS),
            "legs": {side: leg.to_json() for side, leg in self.legs.items()},
            "difference": {name: estimate.to_json() for name, estimate in self.difference.items()},
            "events": [event.to_json() for event in self.events],
            "steps": [step.to_json() for step in self.steps],
            "notes": list(self.notes),
        }
