"""Whether radii and half-widths hold on the test split what they promise."""

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

Groups = dict[str, dict[str, float]]


class Kept(NamedTuple):
    """Errors beside what was promised of them; NaN where there is no label or no value.

    Attributes:
        level: Share that was promised to be within.
        off: Absolute errors.
        limit: Radius or half-width; inf where it has no limit.
    """

    level: float
    off: Float[np.ndarray, "N Q"]
    limit: Float[np.ndarray, "N Q"]

    @property
    def inside(self) -> Float[np.ndarray, "N Q"]:
        """1 where the error is within its limit, 0 where not, NaN where there is none."""
        known = np.isfinite(self.off) & ~np.isnan(self.limit)
        return np.where(known, self.off <= self.limit, np.nan)

    @property
    def limited(self) -> Float[np.ndarray, "N Q"]:
        """Limits of those errors, where they have one; else NaN."""
        return np.where(np.isfinite(self.off) & np.isfinite(self.limit), self.limit, np.nan)


def kept_values(
    measurements: Sequence[Measurement], measure: Measure, differences: Float[np.ndarray, "N Q"], radii: Radii
) -> Kept:
    """Errors and half-widths of the quantities that a consumer gets, in their units."""
    limit = np.array([[m.half_widths.get(name, np.nan) for name in measure.quantities] for m in measurements])
    return Kept(radii.level, np.abs(differences), limit)


def unreliable(
    promise: Promise,
    radius: Float[np.ndarray, "N K"],
    sure: Bool[np.ndarray, "N K"],
    measurements: Sequence[Measurement],
) -> Bool[np.ndarray, "N"]:
    """Which images a consumer is told not to rely on.

    Args:
        promise: Radii and limits.
        radius: Of each keypoint, original pixels.
        sure: Which keypoints do not count as missing.
        measurements: Of each image; empty where nothing is measured.
    """
    judged: list[Measurement | None] = list(measurements) or [None] * len(radius)
    rows = zip(np.where(sure, radius, np.nan), judged, strict=True)
    limits = promise.max_radius_px, promise.max_uncertainty
    return np.array([bool(doubts(promise.names, r, limits[0], m, limits[1])) for r, m in rows], bool)


def coverage_groups(
    points: Kept,
    values: Kept | None,
    promise: Promise,
    measure: Measure | None,
    mm_per_px: Float[np.ndarray, "N"],
    subjects: np.ndarray,
    settings: EvaluateSettings,
) -> Groups:
    """`radius`, and `GROUP_half_width` of the measure: see `coverage_numbers`.

    Args:
        points: Distances and radii of labelled points, original pixels.
        values: The same of what was measured.
        promise: Names of the keypoints.
        measure: What was measured; none: nothing.
        mm_per_px: Of each image, NaN where unknown; the mean radius is stated in millimetres, too, where known.
        subjects: Whom each image is of.
        settings: Of the bootstrap.
    """
    names = promise.names
    groups = {"radius": coverage_numbers(points, names, ("px",) * len(names), subjects, settings)}
    if np.isfinite(mm_per_px).any():
        millimetres = points.limited * mm_per_px[:, None]
        groups["radius"] |= _with_interval("mean_mm", millimetres, (subjects, settings.bootstrap, settings.seed))
    if measure is not None and values is not None:
        found = coverage_numbers(values, measure.quantities, measure.units, subjects, settings)
        groups[f"{measure.group}_half_width"] = found
    return groups


def coverage_numbers(
    kept: Kept, names: tuple[str, ...], units: tuple[str, ...], subjects: np.ndarray, settings: EvaluateSettings
) -> dict[str, float]:
    """How many errors are within, with a subject-clustered interval, and how wide the limits are.

    Args:
        kept: A column for each name.
        names: Of keypoints or quantities.
        units: Of each; what is said of all together is of those in the first one's unit.
        subjects: Whom each image is of.
        settings: Of the bootstrap.

    Returns:
        `promised`; `coverage` and `mean_UNIT` (the mean limit, of errors that have one) with their intervals; `points`;
        `unlimited_share`; `subject_coverage_lowest`, and `subjects_below_share`, the share of subjects whose own
        coverage is below the level, which say how unequal people are. Then `NAME_coverage` with its interval and
        `NAME_mean_UNIT`.
    """
    draw = (subjects, settings.bootstrap, settings.seed)
    main = np.array(units) == units[0]
    inside, limited = kept.inside[:, main], kept.limited[:, main]
    known, limits = np.isfinite(inside), kept.limit[:, main]
    own = np.array([np.nanmean(inside[subjects == s]) for s in np.unique(subjects) if known[subjects == s].any()])
    numbers = {
        "promised": kept.level,
        **_with_interval("coverage", inside, draw),
        **_with_interval(f"mean_{units[0]}", limited, draw),
        "points": int(known.sum()),
        "unlimited_share": share(np.isinf(limits[known])),
        "subject_coverage_lowest": float(own.min()) if len(own) else float("nan"),
        "subjects_below_share": share(own < kept.level),
    }
    for column, (name, unit) in enumerate(zip(names, units, strict=True)):
        numbers |= _with_interval(f"{name}_coverage", kept.inside[:, [column]], draw)
        numbers[f"{name}_mean_{unit}"] = estimate("mean", kept.limited[:, [column]], *draw).value
    return numbers


def off_promise(numbers: dict[str, float]) -> int:
    """-1 where the interval of the coverage lies below what was promised, 1 where above, 0 where it holds that."""
    return int(numbers["coverage_low"] > numbers["promised"]) - int(numbers["coverage_high"] < numbers["promised"])


def _with_interval(name: str, values: Float[np.ndarray, "N Q"], draw: tuple[np.ndarray, int, int]) -> dict[str, float]:
    found = estimate("mean", values, *draw)
    return {name: found.value, f"{name}_low": found.interval.low, f"{name}_high": found.interval.high}
