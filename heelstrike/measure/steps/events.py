"""Foot strikes and toe offs, from the image's coordinates alone.

A walking person swings one leg after the other. While a leg swings, its ankle is far above the other one in the image,
so the difference of the two ankles' heights, in lengths of the shank, goes up and down once a stride. A moving camera
and the walk away from it shift both ankles alike, so they cancel out. Between the middle of one leg's swing and the
middle of the other's lie one foot strike, of the leg that has swung, and one toe off, of the leg that will: a *half*
of a stride. In each half,

- toe off is where the ankle rises fastest, relative to the other one. O'Connor et al. (Automatic detection of gait
  events using kinematic data, Gait & Posture 25, 2007) take the peak of the foot's upward velocity. The ankle's marker
  stays in view longer than the heel's, which turns up.
- foot strike follows the instant at which the foot is furthest in front of the body (Zeni et al., Two simple methods
  for determining gait events during treadmill and overground walking using kinematic data, Gait & Posture 27, 2008).
  From behind, this distance cannot be measured, but the shank then leans back most and looks shortest. The shank also
  looks short while the leg swings; walking has a time in which both feet are on the floor, so the strike is looked for
  shortly before the toe off of the other leg. (The middle of swing is no guide: a camera that stands high and near sees
  the foot highest when it is furthest away, just before it strikes.)

Each is looked for twice: first with wide limits, then near its usual place among the halves of this walk, in which
noise, a hidden marker or the end of the video do not mislead. If one of the two is not seen, it is placed by the other
and by how long both feet usually are on the floor in this walk.

On rendered walks, whose phases are known, both instants come a little before the events (benchmarks/steps.py). The
shank is shortest a share of a stride before the strike that is the same whatever person, camera and direction. The
fastest rise comes later the higher the camera stands, which shows the rear foot further below the other one, so this
share is a line of how high the foot then is. The lags are these shares.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.measure.steps.halves import halves_of
from heelstrike.measure.steps.signals import Signals

_STRIKE_LAG = 0.020  # strides from the shortest shank to the strike
_TOE_OFF_LAG, _LATER = -0.0065, 0.030  # from the fastest rise to toe off, and later for each length that it is high
_RISE = (-0.15, 0.25)  # strides from where the legs change places to the fastest rise
_SHORTEST = (-0.28, 0.0)  # strides from a leg's fastest rise to the other's shortest shank: both feet are on the floor
_NEAR = 0.06  # strides to either side of the usual place
_FEW = 2  # halves of which the time on both feet is the usual one

Legs = tuple[Float[np.ndarray, "L"], Float[np.ndarray, "R"]]
Find = Callable[[int, tuple[float, float]], float]


@dataclass(frozen=True)
class Events:
    """The events of both legs, in seconds.

    Attributes:
        strikes: Times of the foot strikes: left leg, right leg.
        toe_offs: Times of the toe offs: left leg, right leg.
        swings: Times of the middles of swing: left leg, right leg.
        stride_s: Median duration of a stride; NaN if there is less than one half.
        placed: Number of strikes and toe offs that were not seen, but placed by the other one of their half.
    """

    strikes: Legs
    toe_offs: Legs
    swings: Legs
    stride_s: float
    placed: int = 0


def find_events(
    time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"], size: Float[np.ndarray, "T"]
) -> Events:
    """Find the foot strikes and toe offs of both legs.

    Args:
        time_s: Time stamps.
        points: Markers in pixels, NaN if missing.
        size: The legs' size in pixels over time.
    """
    signals = Signals.of(time_s, points, size)
    swings, halves = signals.swings(), halves_of(signals.passes())
    if halves is None:
        none = np.empty(0)
        return Events((none, none), (none, none), swings, np.nan)
    stride, rises, falls = halves.stride_s, halves.rises, 1 - halves.rises
    rise = _located(signals.last_rise, signals.fastest_rise, rises, halves.middle, halves.seen, _RISE, stride)
    anchor = np.where(np.isnan(rise), halves.middle + _usual(rise - halves.middle, halves.seen), rise)
    shortest = _located(signals.shortest_shank, signals.shortest_shank, falls, anchor, halves.seen, _SHORTEST, stride)
    lag = _TOE_OFF_LAG + _LATER * _upright(signals.height_of(rises, rise), rises)
    strikes, toe_offs = shortest + _STRIKE_LAG * stride, rise + lag * stride
    both = _both_feet(strikes, toe_offs, falls)
    strikes, placed = _with(strikes, toe_offs - both, time_s)
    toe_offs, others = _with(toe_offs, strikes + both, time_s)
    return Events(_by_leg(strikes, falls), _by_leg(toe_offs, rises), swings, stride, placed + others)


def _located(
    find_wide: Find,
    find_near: Find,
    leg: Int[np.ndarray, "H"],
    anchor: Float[np.ndarray, "H"],
    seen: Bool[np.ndarray, "H"],
    limits: tuple[float, float],
    stride: float,
) -> Float[np.ndarray, "H"]:
    """Return the time of an extreme in each half; NaN where there is none near its usual place in this walk.

    Args:
        find_wide: Returns the extreme of a leg's signal in a wide window.
        find_near: Returns the same in a narrow window.
        leg: The leg, for each half.
        anchor: A time in each half, seconds.
        seen: True for the halves by which the usual place is known.
        limits: Where it is looked for at first, strides from the anchor.
        stride: Duration of a stride, seconds.
    """

    def within(find: Find, low: float, high: float) -> Float[np.ndarray, "H"]:
        windows = zip(leg.tolist(), (anchor + low).tolist(), (anchor + high).tolist(), strict=True)
        return np.array([find(one, (start, end)) for one, start, end in windows])

    place = _usual(within(find_wide, limits[0] * stride, limits[1] * stride) - anchor, seen)
    return within(find_near, place - _NEAR * stride, place + _NEAR * stride)


def _usual(delay: Float[np.ndarray, "H"], among: Bool[np.ndarray, "H"]) -> float:
    """Return the median of the delays that are known; NaN without."""
    known = delay[among & np.isfinite(delay)]
    return float(np.median(known)) if len(known) else np.nan


def _upright(height: Float[np.ndarray, "H"], leg: Int[np.ndarray, "H"]) -> Float[np.ndarray, "H"]:
    """Return heights as of a camera that is not tilted: a tilt shows one leg higher and the other one as much lower."""
    left, right = (_usual(height, leg == one) for one in (0, 1))
    tilt = (left - right) / 2
    return height - np.where(leg == 0, tilt, -tilt) if np.isfinite(tilt) else height


def _both_feet(
    strikes: Float[np.ndarray, "H"], toe_offs: Float[np.ndarray, "H"], swung: Int[np.ndarray, "H"]
) -> Float[np.ndarray, "H"]:
    """Return how long both feet usually are on the floor in each half, after the strike of its leg; NaN if unknown."""
    both = toe_offs - strikes
    seen = np.isfinite(both)
    usual = np.full(len(both), np.nan)
    for leg in (0, 1):
        own = seen & (swung == leg)
        usual[swung == leg] = _usual(both, own if own.sum() >= _FEW else seen)
    return usual if seen.sum() >= _FEW else np.full(len(both), np.nan)


def _with(
    times: Float[np.ndarray, "H"], others: Float[np.ndarray, "H"], time_s: Float[np.ndarray, "T"]
) -> tuple[Float[np.ndarray, "H"], int]:
    """Return times of events, with others within the video in place of those that are missing; and how many."""
    used = np.isnan(times) & (others >= time_s[0]) & (others <= time_s[-1])
    return np.where(used, others, times), int(used.sum())


def _by_leg(times: Float[np.ndarray, "H"], leg: Int[np.ndarray, "H"]) -> Legs:
    left, right = (times[(leg == one) & np.isfinite(times)] for one in (0, 1))
    return left, right
