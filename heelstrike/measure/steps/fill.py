"""Filling of short gaps of a marker by the movement of another marker of the same leg.

A marker is missing for some frames while its leg swings: it is smeared, or turned away. The marker beside it moves much
as it does, and the vector between the two changes slowly, so it is interpolated over the gap by a cubic and added to
the other marker: the pattern filling of optical motion capture, in which a donor's trajectory fills a gap.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

_SIDE_S = 0.1  # frames this long before and after a gap say how the vector changes in it
LONGEST_S = 0.3
"""Longest time between the two frames around a gap, seconds: much of a swing."""


def filled(
    time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"], row: int, donors: Sequence[int]
) -> Float[np.ndarray, "T 2 2"]:
    """Return one marker of both legs with short gaps filled.

    Args:
        time_s: Time stamps, rising, seconds.
        points: Markers in pixels (frame, leg, marker, xy); NaN if missing.
        row: The marker: shank, ankle or heel.
        donors: Markers by which it is filled, the best one first.

    Returns:
        (frame, leg, xy) in pixels; NaN where no donor is seen, or the gap is longer than `LONGEST_S`.
    """
    marker = points[:, :, row].copy()
    for leg in (0, 1):
        for donor in donors:
            vector = _bridged(time_s, points[:, leg, row] - points[:, leg, donor])
            missing = np.isnan(marker[:, leg]).any(axis=1)
            marker[missing, leg] = (points[:, leg, donor] + vector)[missing]
    return marker


def _bridged(time_s: Float[np.ndarray, "T"], vector: Float[np.ndarray, "T 2"]) -> Float[np.ndarray, "T 2"]:
    """Return a vector with the gaps that are short enough filled by a cubic through the frames on both sides."""
    known = np.isfinite(vector).all(axis=1)
    bridged = vector.copy()
    at = np.flatnonzero(known)
    for before, after in pairwise(at.tolist()):
        if after - before == 1 or time_s[after] - time_s[before] > LONGEST_S:
            continue
        first, last = np.searchsorted(time_s, [time_s[before] - _SIDE_S, time_s[after] + _SIDE_S])
        near = first + np.flatnonzero(known[first:last])
        middle, half = (time_s[before] + time_s[after]) / 2, time_s[after] - time_s[before]
        sides = min((near <= before).sum(), (near >= after).sum())
        curve = np.polynomial.polynomial.polyfit((time_s[near] - middle) / half, vector[near], min(2 * sides - 1, 3))
        gap = slice(before + 1, after)
        bridged[gap] = np.polynomial.polynomial.polyval((time_s[gap] - middle) / half, curve).T
    return bridged
