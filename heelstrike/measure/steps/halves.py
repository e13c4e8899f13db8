"""Halves of strides: from the middle of one leg's swing to that of the other's."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.measure.steps.signals import Pass

_STRIDE_S = (0.6, 3.0)  # plausible strides; slower or faster ups and downs are not walking
_LONGEST = 1.7  # times the usual time between two middles of swing; a longer one has swings that were not seen


@dataclass(frozen=True)
class Halves:
    """Halves of strides, in order of time.

    Attributes:
        middle: When the legs change places, seconds.
        rises: The leg that rises there: 0 left, 1 right. The other one comes down.
        seen: False for the one before the first and the one after the last change of places that was seen.
        stride_s: Median duration of a stride.
    """

    middle: Float[np.ndarray, "H"]
    rises: Int[np.ndarray, "H"]
    seen: Bool[np.ndarray, "H"]
    stride_s: float


def halves_of(passes: list[Pass]) -> Halves | None:
    """Return the halves of a walk, with one before the first and one after the last; `None` if nobody walks.

    Args:
        passes: When the legs change places, in order of time.
    """
    between = [each.between_s for each in passes]
    longest = _LONGEST * float(np.median(between)) if between else np.nan
    walked = [one for one in passes if _STRIDE_S[0] <= 2 * one.between_s <= _STRIDE_S[1] and one.between_s <= longest]
    if not walked:
        return None
    apart = [(b.time_s - a.time_s, a.leg != b.leg) for a, b in pairwise(walked)]
    steps = [time for time, other_leg in apart if other_leg and time <= longest]
    step = float(np.median(steps or between))
    first, last = walked[0], walked[-1]
    return Halves(
        np.array([first.time_s - step, *(one.time_s for one in walked), last.time_s + step]),
        np.array([1 - first.leg, *(one.leg for one in walked), 1 - last.leg]),
        np.array([False, *(True for _ in walked), False]),
        2 * step,
    )
