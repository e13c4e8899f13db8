"""Extremes of a signal on an even grid of times; NaN where it is not known."""

import numpy as np
from jaxtyping import Float, Int


def local_lows(signal: Float[np.ndarray, "G"], first: int, last: int) -> Int[np.ndarray, "L"]:
    """Return the indices of the local minima from one index to before another one."""
    middle = np.arange(max(first, 1), min(last, len(signal) - 1))
    before, at, after = signal[middle - 1], signal[middle], signal[middle + 1]
    return middle[(at < before) & (at <= after)]  # False where one is NaN


def between(signal: Float[np.ndarray, "G"], low: int) -> float:
    """Return how far the top of the parabola through a local minimum is from it, in steps of the grid."""
    a, b, c = signal[low - 1 : low + 2]
    return float(0.5 * (a - c) / (a - 2 * b + c))


def turning_points(signal: Float[np.ndarray, "G"], least: float) -> tuple[list[int], list[int]]:
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
