"""Coverage of radii and half-widths on the test split: how many errors are within them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.radii import Radii
from heelstrike.measure.uncertainty import doubts
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import Promise
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.metrics import share
from pipeline.scoring.score import Groups


class BoundedErrors(NamedTuple):
    """Errors and the limits promised for them; NaN where there is no label or no value.

    Attributes:
        level: Promised share of errors within their limit.
        errors: Absolute errors.
        limits: Radius or half-width; inf where there are too few subjects to promise one.
    """

    level: float
    errors: Float[np.ndarray, "N Q"]
    limits: Float[np.ndarray, "N Q"]

    @property
    def inside(self) -> Float[np.ndarray, "N Q"]:
        """1 if the error is within its limit, 0 if not, NaN if there is no error or limit."""
        known = np.isfinite(self.errors) & ~np.isnan(self.limits)
        return np.where(known, self.errors <= self.limits, np.nan)

    @property
    def limited(self) -> Float[np.ndarray, "N Q"]:
        """Finite limits of known errors; else NaN."""
        return np.where(np.isfinite(self.errors) & np.isfinite(self.limits), self.limits, np.nan)


def bounded_errors(
    measurements: Sequence[Measurement], measure: Measure, differences: Float[np.ndarray, "N Q"], radii: Radii
) -> BoundedErrors:
    """Errors and half-widths of the measured quantities, in their units."""
    limits = np.array([[m.half_widths.get(name, np.nan) for name in measure.quantities] for m in measurements])
    return BoundedErrors(radii.level, np.abs(differences), limits)


def unreliable(
    promise: Promise,
    radius: Float[np.ndarray, "N K"],
    sure: Bool[np.ndarray, "N K"],
    measurements: Sequence[Measurement],
) -> Bool[np.ndarray, "N"]:
    """True for images marked as not reliable to a consumer.

    Args:
        promise: Radii and limits.
        radius: Radius of each keypoint, original pixels.
        sure: True for keypoints that do not count as missing.
        measurements: Measurement of each image; empty if nothing is measured.
    """
    measured: list[Measurement | None] = list(measurements) or [None] * len(radius)
    rows = zip(np.where(sure, radius, np.nan), measured, strict=True)
    limits = promise.max_radius_px, promise.max_uncertainty
    return np.array([bool(doubts(promise.names, r, limits[0], m, limits[1])) for r, m in rows], bool)


def coverage_groups(
    points: BoundedErrors,
    values: BoundedErrors | None,
    promise: Promise,
    measure: Measure | None,
    mm_per_px: Float[np.ndarray, "N"],
    subjects: np.ndarray,
    settings: EvaluateSettings,
) -> Groups:
    """Groups `radius` and, of the measure, `GROUP_half_width`, each with the numbers of `coverage_numbers`.

    Args:
        points: Distances and radii of labelled points, original pixels.
        values: Errors and half-widths of the measured quantities; `None` if nothing was measured.
        promise: Names of the keypoints.
        measure: The measure; `None` if nothing was measured.
        mm_per_px: Pixel size of each image, NaN where unknown; if any is known, the mean radius is also in millimetres.
        subjects: Subject of each image.
        settings: Settings of the bootstrap.
    """
    names = promise.names
    groups = {"radius": coverage_numbers(points, names, ("px",) * len(names), subjects, settings)}
    if np.isfinite(mm_per_px).any():
        millimetres = points.limited * mm_per_px[:, None]
        groups["radius"] |= _with_interval("mean_mm", millimetres, (subjects, settings.bootstrap, settings.seed))
    if measure is not None and values is not None:
        numbers = coverage_numbers(values, measure.quantities, measure.units, subjects, settings)
        groups[f"{measure.group}_half_width"] = numbers
    return groups


def coverage_numbers(
    bounded: BoundedErrors,
    names: tuple[str, ...],
    units: tuple[str, ...],
    subjects: np.ndarray,
    settings: EvaluateSettings,
) -> dict[str, float]:
    """Share of errors within their limits, with a subject-clustered interval, and the mean limits.

    Args:
        bounded: Errors and limits, a column for each name.
        names: Names of keypoints or quantities.
        units: Unit of each; numbers over several names include only those with the first one's unit.
        subjects: Subject of each image.
        settings: Settings of the bootstrap.

    Returns:
        `promised`; `coverage` and `mean_UNIT` (the mean of finite limits) with their intervals; `points`;
        `unlimited_share`; `subject_coverage_lowest`; `subjects_below_share`, the share of subjects whose own coverage
        is below the level. Then `NAME_coverage` with its interval and `NAME_mean_UNIT`.
    """
    draw = (subjects, settings.bootstrap, settings.seed)
    main = np.array(units) == units[0]
    inside, limited = bounded.inside[:, main], bounded.limited[:, main]
    known, limits = np.isfinite(inside), bounded.limits[:, main]
    own = np.array([np.nanmean(inside[subjects == s]) for s in np.unique(subjects) if known[subjects == s].any()])
    numbers = {
        "promised": bounded.level,
        **_with_interval("coverage", inside, draw),
        **_with_interval(f"mean_{units[0]}", limited, draw),
        "points": int(known.sum()),
        "unlimited_share": share(np.isinf(limits[known])),
        "subject_coverage_lowest": float(own.min()) if len(own) else float("nan"),
        "subjects_below_share": share(own < bounded.level),
    }
    for column, (name, unit) in enumerate(zip(names, units, strict=True)):
        numbers |= _with_interval(f"{name}_coverage", bounded.inside[:, [column]], draw)
        numbers[f"{name}_mean_{unit}"] = estimate("mean", bounded.limited[:, [column]], *draw).value
    return numbers


def off_promise(numbers: dict[str, float]) -> int:
    """-1 if the interval of the coverage lies below the promised share, 1 if above, 0 if it contains it."""
    return int(numbers["coverage_low"] > numbers["promised"]) - int(numbers["coverage_high"] < numbers["promised"])


def _with_interval(name: str, values: Float[np.ndarray, "N Q"], draw: tuple[np.ndarray, int, int]) -> dict[str, float]:
    mean = estimate("mean", values, *draw)
    return {name: mean.value, f"{name}_low": mean.interval.low, f"{name}_high": mean.interval.high}
