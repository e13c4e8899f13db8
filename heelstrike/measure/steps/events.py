"""Foot strikes and toe offs, from the image's coordinates alone.

A walking person swings one leg after the other. While a leg swings, its ankle is far above the other one in the image,
so the difference of the two ankles' heights, in lengths of the shank, goes up and down once a stride. A moving camera
and the walk away from it shift both ankles alike, so they cancel out. Between the middle of one leg's swing and the
middle of the other's lie one foot strike, of the leg that has swung, and one toe off, of the leg that will. They are
found within these bounds:

- Toe off is where the ankle rises fastest, relative to the other one. O'Connor et al. (Automatic detection of gait
  events using kinematic data, Gait & Posture 25, 2007) take the peak of the foot's upward velocity. The ankle's marker
  stays in view longer than the heel's, which turns up.
- Foot strike follows the instant at which the foot is furthest in front of the body (Zeni et al., Two simple methods
  for determining gait events during treadmill and overground walking using kinematic data, Gait & Posture 27, 2008).
  From behind, this distance cannot be measured, but the shank then leans back most and looks shortest.

On rendered walks, whose phases are known, both instants come a little before the events, by the same share of a stride
whatever person, camera and direction (benchmarks/steps.py). The two lags are these shares.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from heelstrike.measure.steps.smooth import local_fit
from heelstrike.measure.steps.track import ANKLE, HEEL, SHANK

_STEP_S = 0.01  # of the grid on which extremes are looked for; they are then interpolated
_HALF_S = 0.16  # smoothing; a noise of 1 px needs it, and it moves extremes by less than half a frame
_SWING = 0.3  # least rise of an ankle above the other and back, in lengths of the shank's segment
_STRIKE_LAG, _TOE_OFF_LAG = 0.023, 0.006  # strides from the shortest shank, and from the fastest rise, to the event
_STRIDE_S = (0.6, 3.0)  # plausible strides; slower or faster ups and downs are not walking
_LONGEST = 1.7  # times the usual time between two middles of swing; a longer one has swings that were not seen
_STRIKE_WINDOW, _TOE_OFF_WINDOW = (0.25, 0.95), (0.30, 1.0)  # shares of the time between two middles of swing


@dataclass(frozen=True)
class Events:
    """The events of both legs, in seconds.

    Attributes:
        strikes: Times of the foot strikes: left leg, right leg.
        toe_offs: Times of the toe offs: left leg, right leg.
        swings: Times of the middles of swing: left leg, right leg.
        stride_s: Median duration of a stride; NaN if there is less than one half.
    """

    strikes: tuple[Float[np.ndarray, "S"], Float[np.ndarray, "R"]]
    toe_offs: tuple[Float[np.ndarray, "O"], Float[np.ndarray, "P"]]
    swings: tuple[Float[np.ndarray, "M"], Float[np.ndarray, "N"]]
    stride_s: float


def find_events(
    time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"], size: Float[np.ndarray, "T"]
) -> Events:
    """Find the foot strikes and toe offs of both legs.

    Args:
        time_s: Time stamps.
        points: Markers in pixels, NaN if missing.
        size: The legs' size in pixels over time.
    """
    signals = _Signals.of(time_s, points, size)
    swings = signals.swings()
    middles = sorted((time, leg) for leg in (0, 1) for time in swings[leg])
    gaps = np.diff([time for time, _ in middles])
    strikes: tuple[list[float], list[float]] = ([], [])
    toe_offs: tuple[list[float], list[float]] = ([], [])
    if not len(gaps):
        return _events(strikes, toe_offs, swings, np.nan)
    half = float(np.median(gaps))
    # before the first and after the last middle of swing, half a stride as long as the others is looked at
    (first, first_leg), (last, last_leg) = middles[0], middles[-1]
    middles = [(first - half, 1 - first_leg), *middles, (last + half, 1 - last_leg)]
    for (start, swung), (end, swings_next) in pairwise(middles):
        plausible = _STRIDE_S[0] <= 2 * (end - start) <= _STRIDE_S[1] and end - start <= _LONGEST * half
        if swung == swings_next or not plausible:
            continue  # a swing in between was not seen, or nobody walks
        strike = signals.shortest_shank(swung, _within(start, end, _STRIKE_WINDOW))
        toe_off = signals.fastest_rise(swings_next, _within(start, end, _TOE_OFF_WINDOW))
        strikes[swung].append(strike + _STRIKE_LAG * 2 * half)
        toe_offs[swings_next].append(toe_off + _TOE_OFF_LAG * 2 * half)
    return _events(strikes, toe_offs, swings, 2 * half)


def _within(start: float, end: float, shares: tuple[float, float]) -> tuple[float, float]:
    return start + shares[0] * (end - start), start + shares[1] * (end - start)


def _events(
    strikes: tuple[list[float], list[float]],
    toe_offs: tuple[list[float], list[float]],
    swings: tuple[Float[np.ndarray, "M"], Float[np.ndarray, "N"]],
    stride_s: float,
) -> Events:
    left, right = (np.array([time for time in times if np.isfinite(time)]) for times in strikes)
    left_off, right_off = (np.array([time for time in times if np.isfinite(time)]) for times in toe_offs)
    return Events((left, right), (left_off, right_off), swings, stride_s)


@dataclass(frozen=True)
class _Signals:
    """Smoothed signals on a grid of times.

    Attributes:
        grid: The times.
        height: Height of each marker of the left leg above the right leg's, in lengths of the shank's segment.
        rise: Its rate of change.
        shank: Length of each shank's segment, relative to its usual length.
    """

    grid: Float[np.ndarray, "G"]
    height: Float[np.ndarray, "3 G"]
    rise: Float[np.ndarray, "3 G"]
    shank: Float[np.ndarray, "2 G"]

    @classmethod
    def of(
        cls, time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"], size: Float[np.ndarray, "T"]
    ) -> "_Signals":
        grid = np.arange(time_s[0] + _HALF_S / 2, time_s[-1] - _HALF_S / 2, _STEP_S)
        above = (points[:, 1, :, 1] - points[:, 0, :, 1]) / size[:, None]
        fits = np.stack([local_fit(time_s, above[:, row], grid, _HALF_S) for row in (SHANK, ANKLE, HEEL)])
        length = np.linalg.norm(points[:, :, ANKLE] - points[:, :, SHANK], axis=-1) / size[:, None]
        shank = np.stack([local_fit(time_s, length[:, leg], grid, _HALF_S)[0] for leg in (0, 1)])
        return cls(grid, fits[:, 0], fits[:, 1], shank)

    def swings(self) -> tuple[Float[np.ndarray, "M"], Float[np.ndarray, "N"]]:
        """Return the middles of the left and of the right leg's swings: where one is highest above the other."""
        counts = np.isfinite(self.height).sum(axis=1)
        row = ANKLE if counts[ANKLE] >= 0.8 * counts.max() else int(counts.argmax())
        highs, lows = _turning_points(self.height[row], _SWING)
        return self.grid[highs], self.grid[lows]

    def shortest_shank(self, leg: int, window: tuple[float, float]) -> float:
        """Return the time at which a shank looks shortest; NaN if it is not seen."""
        return self._lowest(self.shank[leg], window)

    def fastest_rise(self, leg: int, window: tuple[float, float]) -> float:
        """Return the time at which a leg rises fastest above the other; NaN if it is not seen."""
        for row in (ANKLE, SHANK, HEEL):
            time = self._lowest(self.rise[row] * (-1 if leg == 0 else 1), window)
            if np.isfinite(time):
                return time
        return np.nan

    def _lowest(self, signal: Float[np.ndarray, "G"], window: tuple[float, float]) -> float:
        """Return the time of the lowest local minimum in a window; NaN without one."""
        first, last = np.searchsorted(self.grid, window)
        middle = np.arange(max(first, 1), min(last, len(signal) - 1))
        before, at, after = signal[middle - 1], signal[middle], signal[middle + 1]
        lowest = middle[(at < before) & (at <= after)]  # False where one is NaN
        if not len(lowest):
            return np.nan
        at_index = lowest[signal[lowest].argmin()]
        a, b, c = signal[at_index - 1 : at_index + 2]
        return float(self.grid[at_index] + _STEP_S * 0.5 * (a - c) / (a - 2 * b + c))


def _turning_points(signal: Float[np.ndarray, "G"], least: float) -> tuple[list[int], list[int]]:
    """Return the indices of the highs and of the lows between which a signal changes by at least `least`.

    Highs and lows alternate. NaNs are left out. What rises or falls only before or after the last turn is no turning
    point, since the signal may go on outside.
    """
    highs, lows = list[int](), list[int]()
    known = np.flatnonzero(np.isfinite(signal))
    if not len(known):
        return highs, lows
    high = low = known[0]
    rising: bool | None = None
    for i in known:
        high = i if signal[i] > signal[high] else high
        low = i if signal[i] < signal[low] else low
        if rising is not False and signal[high] - signal[i] >= least:
            highs += [int(high)] if rising or high != known[0] else []
            rising, low = False, i
        elif rising is not True and signal[i] - signal[low] >= least:
            lows += [int(low)] if rising is False or low != known[0] else []
            rising, high = True, i
    return highs, lows
