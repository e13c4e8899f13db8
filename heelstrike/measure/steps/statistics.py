"""Mean, standard deviation and half-width over few steps, and the difference of two legs."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from heelstrike.rounding import round_number

_DIGITS = 3
# two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A value over steps.

    Attributes:
        mean: Mean over the steps; of a difference, left minus right.
        sd: Standard deviation over the steps; NaN for fewer than two, and for a difference.
        half_width: How far the true mean may be off, to either side; NaN if unknown, inf without limit.
        steps: Number of steps; of a difference, of the leg with fewer.
    """

    mean: float
    sd: float
    half_width: float
    steps: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as in result files; a number that is not finite is `None`."""
        numbers = {name: round_number(getattr(self, name), _DIGITS) for name in ("mean", "sd", "half_width")}
        return {**numbers, "steps": self.steps}


def student_t(freedom: float) -> float:
    """Return the two-sided 95 % quantile of Student's t; up to 30 degrees of freedom are rounded down, which widens it.

    Beyond 30 it is the expansion of Abramowitz and Stegun (Handbook of Mathematical Functions, 1964, 26.7.5).
    """
    if not freedom >= 1:
        return math.nan
    if freedom < len(_T) + 1:
        return _T[int(freedom) - 1]
    z = _NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def mean_of(values: Float[np.ndarray, "N"], half_widths: Float[np.ndarray, "N"]) -> Estimate | None:
    """Return the mean over steps; `None` without steps.

    Its half-width has two parts, of which it is the root of the sum of squares. Steps differ: Student's t times the
    standard deviation over the root of their number. And each value may be off by its own half-width: this part is the
    mean of the half-widths, as large as for one step, since a marker's error may be the same in all frames of a person.

    Args:
        values: The value of each step; NaN if a step has none.
        half_widths: The half-width of each value by the network's radii; NaN if unknown.
    """
    known = np.isfinite(values)
    count = int(known.sum())
    if not count:
        return None
    mean = float(values[known].mean())
    if count < 2:
        return Estimate(mean, math.nan, math.nan, count)
    sd = float(values[known].std(ddof=1))
    between = student_t(count - 1) * sd / math.sqrt(count)
    return Estimate(mean, sd, math.hypot(between, _common(half_widths[known])), count)


def difference_of(
    left: Float[np.ndarray, "N"],
    right: Float[np.ndarray, "M"],
    half_widths: tuple[Float[np.ndarray, "N"], Float[np.ndarray, "M"]],
) -> Estimate | None:
    """Return left minus right, with the half-width of Welch's test and of the values; `None` if a leg has no steps.

    Args:
        left: The value of each step of the left leg, NaN if it has none.
        right: The same of the right leg.
        half_widths: The half-widths of both.
    """
    known = np.isfinite(left), np.isfinite(right)
    a, b = left[known[0]], right[known[1]]
    if not len(a) or not len(b):
        return None
    mean, count = float(a.mean() - b.mean()), min(len(a), len(b))
    if count < 2:
        return Estimate(mean, math.nan, math.nan, count)
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    total, freedom = float(parts.sum()), math.inf
    if total > 0:
        freedom = total**2 / float((parts**2 / [len(a) - 1, len(b) - 1]).sum())
    common = [_common(widths[one]) for widths, one in zip(half_widths, known, strict=True)]
    return Estimate(mean, math.nan, math.hypot(student_t(freedom) * math.sqrt(total), *common), count)


def _common(half_widths: Float[np.ndarray, "N"]) -> float:
    """Return the part of a half-width that more steps do not narrow; 0 if no value has a half-width."""
    known = half_widths[~np.isnan(half_widths)]
    return float(known.mean()) if len(known) else 0.0
