"""The rear-foot angle within each stance, and the estimates over the steps of a leg."""

import warnings

import numpy as np
from jaxtyping import Float

from heelstrike.measure.angles import Side
from heelstrike.measure.steps.events import Events
from heelstrike.measure.steps.results import ANGLES, CURVE_POINTS, UNITS, LegSteps, Step
from heelstrike.measure.steps.smooth import local_fit
from heelstrike.measure.steps.statistics import Estimate, difference_of, mean_of
from heelstrike.measure.steps.track import SIDES, Track

_HALF_S, _HALF_FRAMES = 0.1, 2.6  # smoothing of angles: seconds, but at least five frames
MIDDLE = 0.3
"""Window around mid-stance from which its angle is read, to either side, in durations of stance. It changes little."""
_STANCE = (0.35, 0.85)  # plausible durations of stance in strides; limping and slow walking are within
_WHOLE = 0.9  # share of the time course that must be known for a range
_INSTANTS = {"strike": 0, "mid_stance": CURVE_POINTS // 2, "toe_off": CURVE_POINTS - 1}


def stances(track: Track, events: Events) -> tuple[Step, ...]:
    """Return the whole stances of both legs, in order of time.

    Args:
        track: Angles in each frame.
        events: The events of both legs.
    """
    steps = []
    for leg, side in enumerate(SIDES):
        strikes, toe_offs = events.strikes[leg], events.toe_offs[leg]
        for strike in strikes:
            later = toe_offs[toe_offs > strike]
            if len(later) and _STANCE[0] <= (later[0] - strike) / events.stride_s <= _STANCE[1]:
                steps.append(_step(track, side, leg, float(strike), float(later[0]), events))
    return tuple(sorted(steps, key=lambda step: step.strike_s))


def _step(track: Track, side: Side, leg: int, strike: float, toe_off: float, events: Events) -> Step:
    at = np.linspace(strike, toe_off, CURVE_POINTS)
    half = max(_HALF_S, _HALF_FRAMES * float(np.median(np.diff(track.time_s))))
    curve, _ = local_fit(track.time_s, track.angle_deg[:, leg], at, half)
    widths = _nearest(track.time_s, track.half_width_deg[:, leg], at, half)
    values = {name: float(curve[i]) for name, i in _INSTANTS.items()}
    half_widths = {name: float(widths[i]) for name, i in _INSTANTS.items()}
    if np.isfinite(values["mid_stance"]):
        middle, wide = _INSTANTS["mid_stance"], max(half, MIDDLE * (toe_off - strike))
        values["mid_stance"] = float(local_fit(track.time_s, track.angle_deg[:, leg], at[[middle]], wide)[0][0])
    known = np.flatnonzero(np.isfinite(curve))
    values["range"] = half_widths["range"] = np.nan
    if len(known) >= _WHOLE * CURVE_POINTS:
        highest, lowest = known[curve[known].argmax()], known[curve[known].argmin()]
        values["range"] = float(curve[highest] - curve[lowest])
        half_widths["range"] = float(np.hypot(widths[highest], widths[lowest]))
    following = events.strikes[leg][events.strikes[leg] > toe_off]
    swing = float(following[0] - toe_off) if len(following) else np.nan
    if not swing < events.stride_s:  # a strike in between was not seen
        swing = np.nan
    values |= {"stance": toe_off - strike, "swing": swing, "stride": toe_off - strike + swing}
    return Step(side, strike, toe_off, values, half_widths, curve)


def _nearest(
    time_s: Float[np.ndarray, "T"], values: Float[np.ndarray, "T"], at: Float[np.ndarray, "G"], half_s: float
) -> Float[np.ndarray, "G"]:
    """Return the value of the nearest frame that has one; NaN if none is within `half_s`."""
    known = ~np.isnan(values)
    time = time_s[known]
    if not len(time):
        return np.full(len(at), np.nan)
    after = np.clip(np.searchsorted(time, at), 1, max(len(time) - 1, 1))
    index = np.where(at - time[after - 1] <= time[np.minimum(after, len(time) - 1)] - at, after - 1, after)
    index = np.minimum(index, len(time) - 1)
    return np.where(np.abs(time[index] - at) <= half_s, values[known][index], np.nan)


def leg_steps(steps: tuple[Step, ...]) -> dict[Side, LegSteps]:
    """Return the estimates over the steps of each leg that has a whole stance."""
    legs: dict[Side, LegSteps] = {}
    for side in SIDES:
        own = [step for step in steps if step.leg == side]
        if not own:
            continue
        estimates = {name: mean_of(*_columns(own, name)) for name in UNITS}
        curves = np.stack([step.curve_deg for step in own])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # points of the curve that no step, or only one, has
            mean, sd = np.nanmean(curves, axis=0), np.nanstd(curves, axis=0, ddof=1)
        known = {name: estimate for name, estimate in estimates.items() if estimate is not None}
        legs[side] = LegSteps(len(own), known, mean, sd)
    return legs


def difference(steps: tuple[Step, ...]) -> dict[str, Estimate]:
    """Return left minus right of each value that both legs have."""
    left, right = ([step for step in steps if step.leg == side] for side in SIDES)
    differences = {}
    for name in UNITS:
        (a, widths), (b, others) = _columns(left, name), _columns(right, name)
        estimate = difference_of(a, b, (widths, others))
        if estimate is not None:
            differences[name] = estimate
    return differences


def _columns(steps: list[Step], name: str) -> tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]:
    """Return a value of each step and its half-width; durations have none."""
    values = np.array([step.values[name] for step in steps])
    widths = [step.half_widths[name] if name in ANGLES else np.nan for step in steps]
    return values, np.array(widths)
