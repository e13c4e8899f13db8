"""Smoothers without learning, as baselines for temporal models."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

Points = Float[np.ndarray, "T K 2"]


def moving_median(points: Points, width: int = 5) -> Points:
    """Return the median over `width` frames, for x and y separately. The first and last frames are repeated."""
    return np.asarray(median_filter(points, size=(width, 1, 1), mode="nearest"))


def savitzky_golay(points: Points, width: int = 7, order: int = 2) -> Points:
    """Fit a parabola to `width` frames around each (Savitzky and Golay 1964). First and last frames are repeated."""
    return np.asarray(savgol_filter(points, width, order, axis=0, mode="nearest"))


SMOOTHERS: dict[str, Callable[[Points], Points]] = {
    "moving median of 5": moving_median,
    "Savitzky-Golay of 7": savitzky_golay,
}
