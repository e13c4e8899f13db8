"""The smoothed signals of a walk, from which events are read: which leg is above the other, how long a shank looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.measure.steps.extremes import between, local_lows, turning_points
from heelstrike.measure.steps.fill import filled
from heelstrike.measure.steps.smooth import local_fit
from heelstrike.measure.steps.track import ANKLE, HEEL, SHANK

_STEP_S = 0.01  # of the grid on which extremes are looked for; they are then interpolated
_HALF_S = 0.16  # smoothing of heights; a noise of 1 px needs it, and it moves extremes by less than half a frame
_SHANK_HALF_S = 0.19  # a shank's length changes by a few pixels only
_SWING = 0.3  # least rise of an ankle above the other and back, in lengths of the shank's segment
_FAST = 0.5  # share of the fastest rise at which another one is as good
_HOLE_S, _BESIDE_S = 0.12, 0.02  # no extreme counts within a hole longer than this, or so near to it
_DONORS = {SHANK: (), ANKLE: (HEEL, SHANK), HEEL: ()}  # only the ankle's height is needed without gaps


@dataclass(frozen=True)
class Pass:
    """The legs change places: one that was high above the other comes down, and the other one rises.

    Attributes:
        time_s: When they are midway, seconds.
        leg: The leg that rises: 0 left, 1 right.
        between_s: Seconds between the middle of one's swing and that of the other's.
    """

    time_s: float
    leg: int
    between_s: float


@dataclass(frozen=True)
class Signals:
    """Smoothed signals on a grid of times.

    Attributes:
        grid: The times.
        height: Height of each marker of the left leg above the right leg's, in lengths of the shank's segment.
        rise: Its rate of change.
        height_seen: False within holes, where a smoothed signal says nothing.
        shank: Length of each shank's segment, relative to its usual length.
        shank_seen: False within holes of it.
    """

    grid: Float[np.ndarray, "G"]
    height: Float[np.ndarray, "3 G"]
    rise: Float[np.ndarray, "3 G"]
    height_seen: Bool[np.ndarray, "3 G"]
    shank: Float[np.ndarray, "2 G"]
    shank_seen: Bool[np.ndarray, "2 G"]

    @classmethod
    def of(
        cls, time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"], size: Float[np.ndarray, "T"]
    ) -> "Signals":
        """Return the signals of a track's markers.

        Args:
            time_s: Time stamps.
            points: Markers in pixels, NaN if missing.
            size: The legs' size in pixels over time.
        """
        grid = np.arange(time_s[0] + _HALF_S / 2, time_s[-1] - _HALF_S / 2, _STEP_S)
        whole = np.stack([filled(time_s, points, row, _DONORS[row]) for row in (SHANK, ANKLE, HEEL)])
        above = (whole[:, :, 1, 1] - whole[:, :, 0, 1]) / size
        length = np.linalg.norm(points[:, :, ANKLE] - points[:, :, SHANK], axis=-1).T / size
        fits = np.stack([local_fit(time_s, signal, grid, _HALF_S) for signal in above])
        shank = np.stack([local_fit(time_s, signal, grid, _SHANK_HALF_S)[0] for signal in length])
        return cls(
            grid,
            height=fits[:, 0],
            rise=fits[:, 1],
            height_seen=_seen(time_s, above, grid),
            shank=shank,
            shank_seen=_seen(time_s, length, grid),
        )

    def swings(self) -> tuple[Float[np.ndarray, "M"], Float[np.ndarray, "N"]]:
        """Return the middles of the left and of the right leg's swings: where one is highest above the other."""
        highs, lows = turning_points(self.height[self._row], _SWING)
        return self.grid[highs], self.grid[lows]

    def passes(self) -> list[Pass]:
        """Return the times at which the legs change places between one's middle of swing and the other's."""
        highs, lows = turning_points(self.height[self._row], _SWING)
        tops = sorted([(at, 0) for at in highs] + [(at, 1) for at in lows])
        return [
            Pass(self._crossing(first, last), leg, float(self.grid[last] - self.grid[first]))
            for (first, _), (last, leg) in pairwise(tops)
        ]

    def height_of(self, leg: Int[np.ndarray, "H"], at_s: Float[np.ndarray, "H"]) -> Float[np.ndarray, "H"]:
        """Return how high legs are above the other one at given times, in lengths of the shank's segment."""
        known = np.isfinite(self.height[self._row])
        height = np.interp(at_s, self.grid[known], self.height[self._row][known])
        return np.where(leg == 0, height, -height)

    def shortest_shank(self, leg: int, window: tuple[float, float]) -> float:
        """Return the time at which a shank looks shortest; NaN if it is not seen."""
        return self._lowest(self.shank[leg], self.shank_seen[leg], window)

    def fastest_rise(self, leg: int, window: tuple[float, float]) -> float:
        """Return the time at which a leg rises fastest above the other; NaN if it is not seen."""
        times = (self._lowest(fall, seen, window) for fall, seen in self._falls(leg))
        return next((time for time in times if np.isfinite(time)), np.nan)

    def last_rise(self, leg: int, window: tuple[float, float]) -> float:
        """Return the time of the last rise of a leg above the other that is fast; NaN if there is none.

        The fall of the other leg looks like a rise, and comes before.
        """
        for fall, _ in self._falls(leg):
            lows = local_lows(fall, *np.searchsorted(self.grid, window))
            rises = lows[fall[lows] < 0]
            if len(rises):
                return float(self.grid[rises[fall[rises] <= _FAST * fall[rises].min()][-1]])
        return np.nan

    @property
    def _row(self) -> int:
        """The marker by which swings are seen: the ankle's, unless another one is seen far more often."""
        counts = np.isfinite(self.height).sum(axis=1)
        return ANKLE if counts[ANKLE] >= 0.8 * counts.max() else int(counts.argmax())

    def _crossing(self, first: int, last: int) -> float:
        """Return the time at which the height passes the middle of its values at two indices, or midway if several."""
        height = self.height[self._row]
        known = first + np.flatnonzero(np.isfinite(height[first : last + 1]))
        above = height[known] > (height[first] + height[last]) / 2
        changes = np.flatnonzero(above[1:] != above[:-1])
        return float(self.grid[known[[changes[0], changes[-1] + 1]]].mean())

    def _falls(self, leg: int) -> Iterator[tuple[Float[np.ndarray, "G"], Bool[np.ndarray, "G"]]]:
        """Yield the rate at which a leg falls below the other, by the marker that is seen best first; and its holes."""
        for row in dict.fromkeys((ANKLE, HEEL, self._row)):  # the shank's only if the ankle's is hardly ever seen
            yield self.rise[row] * (-1 if leg == 0 else 1), self.height_seen[row]

    def _lowest(
        self, signal: Float[np.ndarray, "G"], seen: Bool[np.ndarray, "G"], window: tuple[float, float]
    ) -> float:
        """Return the time of the lowest local minimum in a window; NaN without one, or if it is in a hole."""
        lows = local_lows(signal, *np.searchsorted(self.grid, window))
        if not len(lows):
            return np.nan
        low = int(lows[signal[lows].argmin()])
        return float(self.grid[low] + _STEP_S * between(signal, low)) if seen[low] else np.nan


def _seen(
    time_s: Float[np.ndarray, "T"], signals: Float[np.ndarray, "S T"], grid: Float[np.ndarray, "G"]
) -> Bool[np.ndarray, "S G"]:
    """Return False for the times within or beside a hole of a signal, in which extremes are those of the smoothing."""
    seen = np.ones((len(signals), len(grid)), bool)
    for one, signal in zip(seen, signals, strict=True):
        known = np.concatenate([time_s[:1], time_s[np.isfinite(signal)], time_s[-1:]])
        for i in np.flatnonzero(np.diff(known) > _HOLE_S):
            one[(grid > known[i] - _BESIDE_S) & (grid < known[i + 1] + _BESIDE_S)] = False
    return seen
