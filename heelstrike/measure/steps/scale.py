"""How large the legs look over time, and what this says of the way that the patient moves.

A pinhole camera shows a leg at a size of one over its distance. So the inverse of the size is a line over time for a
patient who walks at an even speed, and the smoothed inverse follows one who does not.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float

from heelstrike.measure.steps.smooth import local_fit
from heelstrike.measure.steps.track import ANKLE, SHANK

Direction = Literal["away", "towards", "in_place"]

_STEP_S = 0.1
_HALF_S = 2.0  # some strides, so that the swing of a shank does not count as a change of its distance
_MOVED = 0.04  # change of the distance in a stride; a patient who walks covers a tenth at ten metres, and more nearer


def apparent_size(
    time_s: Float[np.ndarray, "T"], points: Float[np.ndarray, "T 2 3 2"]
) -> Float[np.ndarray, "T"] | None:
    """Return the length of a shank's segment in pixels over time, without the changes within a stride.

    The longer of both legs' segments from shank to ankle marker counts, since that of a swinging leg looks short.

    Args:
        time_s: Time stamps.
        points: Markers in pixels, NaN if missing.

    Returns:
        The size in each frame; `None` if neither leg ever has both markers.
    """
    lengths = np.linalg.norm(points[:, :, ANKLE] - points[:, :, SHANK], axis=-1)
    longest = np.where(np.isfinite(lengths), lengths, -np.inf).max(axis=1)
    known = longest > 0
    if not known.any():
        return None
    at = np.arange(time_s[0], time_s[-1] + _STEP_S, _STEP_S)
    inverse, _ = local_fit(time_s, np.where(known, 1 / np.where(known, longest, 1.0), np.nan), at, _HALF_S)
    good = np.isfinite(inverse) & (inverse > 0)
    if not good.any():
        return np.full(len(time_s), np.median(longest[known]))
    return 1 / np.interp(time_s, at[good], inverse[good])


def direction_of(time_s: Float[np.ndarray, "T"], size: Float[np.ndarray, "T"], stride_s: float) -> Direction | None:
    """Return the way that a walking patient moves, by the change of the distance from the camera.

    Args:
        time_s: Time stamps.
        size: The legs' size over time, from `apparent_size`.
        stride_s: Seconds of a stride.

    Returns:
        `in_place` is a treadmill or walking on the spot, which look alike; `None` if less than a stride was filmed.
    """
    if time_s[-1] - time_s[0] < stride_s:
        return None
    slope, distance = np.polyfit(time_s - time_s.mean(), 1 / size, 1)
    change = slope * stride_s / distance
    if abs(change) < _MOVED:
        return "in_place"
    return "away" if change > 0 else "towards"
