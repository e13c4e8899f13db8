"""Smoothing of signals that are sampled at uneven times and have gaps.

A parabola is fitted to the samples around each wanted time, by least squares with the tricube weights of Cleveland
(Robust locally weighted regression, 1979). At even times this is the filter of Savitzky and Golay (1964) with weights;
unlike it, it needs neither a constant frame rate nor every frame.
"""

import numpy as np
from jaxtyping import Bool, Float
from numpy.lib.stride_tricks import sliding_window_view

_BLOCK = 256  # times at once, which takes some megabytes
_MIN_SAMPLES = 4  # one more than a parabola needs
_OUTLIER = 6.0  # scaled median deviations
_SUMS = np.add.outer(np.arange(3), np.arange(3))  # powers in the normal equations of a parabola
_NEIGHBOURS_S, _MIN_PAIRS = 0.1, 3  # samples this far to either side are neighbours, at least so many
_MAD = 1.4826  # a normal distribution's standard deviation over its median deviation


def local_fit(
    time_s: Float[np.ndarray, "T"], signal: Float[np.ndarray, "T"], at_s: Float[np.ndarray, "G"], half_s: float
) -> tuple[Float[np.ndarray, "G"], Float[np.ndarray, "G"]]:
    """Return the smoothed signal and its rate of change at the wanted times.

    Args:
        time_s: Times of the samples, rising, seconds.
        signal: The samples; NaN where there is none.
        at_s: The wanted times, rising, seconds.
        half_s: Samples up to this far from a wanted time are used, seconds.

    Returns:
        The value and its derivative per second; NaN where fewer than four samples are near, or all of them lie on one
        side by more than a third of `half_s`, since a parabola is no forecast.
    """
    known = np.isfinite(signal)
    time, values = time_s[known], signal[known]
    fitted = np.full((len(at_s), 2), np.nan)
    for start in range(0, len(at_s), _BLOCK):
        wanted = at_s[start : start + _BLOCK]
        near = slice(*np.searchsorted(time, [wanted[0] - half_s, wanted[-1] + half_s]))
        if near.stop > near.start:
            fitted[start : start + _BLOCK] = _fit(time[near], values[near], wanted, half_s)
    return fitted[:, 0], fitted[:, 1]


def _fit(
    time: Float[np.ndarray, "N"], values: Float[np.ndarray, "N"], at: Float[np.ndarray, "G"], half: float
) -> Float[np.ndarray, "G 2"]:
    offset = (time[None] - at[:, None]) / half
    tricube = np.clip(1 - np.abs(offset * offset * offset), 0, None)
    weight = tricube * tricube * tricube  # products, since powers take ten times as long
    weighted = [weight]
    for _ in range(4):
        weighted.append(weighted[-1] * offset)
    moments = np.stack([one.sum(axis=1) for one in weighted], axis=1)
    normal = moments[:, _SUMS]
    right = np.stack([one @ values for one in weighted[:3]], axis=1)
    inside = weight > 0
    before, after = np.where(inside, offset, np.inf).min(axis=1), np.where(inside, offset, -np.inf).max(axis=1)
    enough = (inside.sum(axis=1) >= _MIN_SAMPLES) & (before <= 1 / 3) & (after >= -1 / 3)
    fitted = np.full((len(at), 2), np.nan)
    if enough.any():
        ridge = 1e-9 * np.eye(3)  # samples close together do not make the equations singular
        solved = np.linalg.solve(normal[enough] + ridge, right[enough][..., None])[..., 0]
        fitted[enough] = solved[:, :2] / [1.0, half]
    return fitted


def outliers(time_s: Float[np.ndarray, "T"], signal: Float[np.ndarray, "T"], least: float) -> Bool[np.ndarray, "T"]:
    """Return True for samples that jump away from those before and after them.

    Hampel's filter, with the means of the first samples before and after, of the second ones, and so on in place of the
    samples around: they are all on the line of a marker that moves evenly. A sample with few of them, beside a gap, is
    not judged: those further away are off the line of a marker that swings.

    Args:
        time_s: Times of the samples, rising, seconds.
        signal: The samples; NaN where there is none.
        least: A sample within this distance is never an outlier, in the signal's unit.
    """
    side = max(_MIN_PAIRS, round(_NEIGHBOURS_S / float(np.median(np.diff(time_s)))))
    around = sliding_window_view(np.pad(signal, side, constant_values=np.nan), 2 * side + 1)
    pairs = (around[:, :side] + around[:, :side:-1]) / 2
    known = np.isfinite(signal) & (np.isfinite(pairs).sum(axis=1) > side // 2)
    middle, spread = np.full((2, len(signal)), np.nan)
    middle[known] = np.nanmedian(pairs[known], axis=1)
    spread[known] = _MAD * np.nanmedian(np.abs(pairs[known] - middle[known, None]), axis=1)
    return np.abs(signal - middle) > np.maximum(_OUTLIER * spread, least)
