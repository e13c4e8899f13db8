"""How keypoints tremble from frame to frame: what of their movement is no movement of a body."""

from collections import deque
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.monitor.thinned import Thinned

# below 18 frames a second a walking leg moves as fast as a keypoint trembles
_SLOWEST_S = 0.055
_FRAMES, _KEPT = 4, 1024
# of the jumps, the smallest: those of a foot on the floor, since a swinging one moves as errors do
_SHARE = 0.1
# third differences of independent errors have 1 + 9 + 9 + 1 times their variance; of two such axes together, this share
# of the lengths is below so many standard deviations (Rayleigh)
_TO_SIGMA = 1 / np.sqrt(20 * -2 * np.log(1 - _SHARE))


class _Frame(NamedTuple):
    time_s: float
    points: Float[np.ndarray, "K 2"]
    present: Bool[np.ndarray, " K"]


class Trembling:
    """Collects third differences of the keypoints of successive frames, which a smooth movement hardly has."""

    def __init__(self) -> None:
        self._last = deque[_Frame](maxlen=_FRAMES)
        self._jumps = Thinned[Float[np.ndarray, " p"]](_KEPT)

    def add(
        self, time_s: float | None, points: Float[np.ndarray, "K 2"] | None, present: Bool[np.ndarray, " K"] | None
    ) -> None:
        """Add the next frame of a video.

        Args:
            time_s: Its time stamp in seconds; a frame without one is left out, and ends a run of frames.
            points: (x, y) in pixels; `None` if nothing is known.
            present: True for a keypoint that is there.
        """
        if time_s is None or points is None or present is None:
            self._last.clear()
            return
        if self._last and not 0 < time_s - self._last[-1].time_s <= _SLOWEST_S:
            self._last.clear()
        self._last.append(_Frame(time_s, np.asarray(points, np.float64), present))
        if len(self._last) == _FRAMES and self._jumps.wants_next():
            self._jumps.add(self._jump())

    def _jump(self) -> Float[np.ndarray, " p"]:
        there = np.all([frame.present for frame in self._last], axis=0)
        if there.sum() < 2:
            return np.empty(0)
        first, second, third, fourth = (frame.points[there] for frame in self._last)
        span = float(np.ptp(fourth, axis=0).max())
        jumps = np.linalg.norm(fourth - 3 * third + 3 * second - first, axis=1)
        return np.asarray(jumps / span) if span > 0 else np.empty(0)

    @property
    def sigma(self) -> float:
        """Standard deviation of a coordinate, as a share of the keypoints' span; NaN without four frames in a row."""
        known = np.concatenate([np.empty(0), *self._jumps.items])
        return float(_TO_SIGMA * np.quantile(known, _SHARE)) if len(known) else float("nan")
