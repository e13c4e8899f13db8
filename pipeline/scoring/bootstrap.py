"""Subject-clustered bootstrap: frames of one person are not independent, so people are resampled, not frames.

Percentile intervals over whole-cluster resamples with replacement (Davison and Hinkley, Bootstrap Methods and their
Application, 1997, section 3.8). If all images belong to one cluster, images are resampled instead: the interval then
holds for that cluster only. With few clusters (under about ten) such intervals are somewhat too narrow.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

_CHUNK = 2**22  # numbers of a weight matrix in memory at a time


class Interval(NamedTuple):
    """A two-sided interval; NaN if there are no values."""

    low: float
    high: float


class PairedDifference(NamedTuple):
    """How a challenger compares with a champion on the same images.

    Attributes:
        difference: Mean over images of challenger minus champion error; negative if the challenger is better.
        interval: 95 % interval of that difference.
        better: Share of the bootstrap samples in which the challenger's mean error is lower; ties count half.
    """

    difference: float
    interval: Interval
    better: float


class ClusterBootstrap:
    """Resamples of the same images, drawn once, so that all statistics use the same resamples.

    Args:
        clusters: Cluster of each image (its subject), length N.
        samples: Number of resamples B.
        seed: Random seed; the same clusters, samples and seed give the same resamples.

    Attributes:
        drawn: What was resampled: `clusters`, or `images` if there is only one cluster.
    """

    def __init__(self, clusters: Shaped[np.ndarray, "N"], samples: int, seed: int) -> None:
        names, code = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
        self.drawn = "clusters" if len(names) > 1 else "images"
        self._code = code if self.drawn == "clusters" else np.arange(len(code))
        units = len(names) if self.drawn == "clusters" else len(code)
        # how often each unit is in each resample: (B, units)
        draw = np.random.default_rng(seed).multinomial
        self._counts = draw(units, np.full(units, 1 / units), size=samples) if units else np.zeros((samples, 0), int)

    def mean(
        self, values: Float[np.ndarray, "N *Q"], weights: Float[np.ndarray, "N *Q"] | None = None
    ) -> Float[np.ndarray, "B"]:
        """Weighted mean of each resample; values that are NaN are left out.

        Args:
            values: One or several per image; an image is drawn with all of its values.
            weights: Of the values, 1 by default.

        Returns:
            One mean per resample; NaN where a resample holds no known value.
        """
        weight = np.where(np.isfinite(values), 1.0 if weights is None else weights, 0.0).ravel()
        code, units = self._code_of(values), self._counts.shape[1]
        total = np.bincount(code, np.where(weight > 0, values.ravel(), 0.0) * weight, minlength=units)
        amount = np.bincount(code, weight, minlength=units)
        below = self._counts @ amount
        return np.divide(self._counts @ total, below, out=np.full(len(below), np.nan), where=below > 0)

    def rms(
        self, squares: Float[np.ndarray, "N *Q"], weights: Float[np.ndarray, "N *Q"] | None = None
    ) -> Float[np.ndarray, "B"]:
        """Root of the weighted mean of squares of each resample."""
        return np.sqrt(self.mean(squares, weights))

    def median(self, values: Float[np.ndarray, "N *Q"]) -> Float[np.ndarray, "B"]:
        """Median of each resample (the lower of the middle two); values that are NaN are left out."""
        flat = np.asarray(values, np.float64).ravel()
        known = np.flatnonzero(np.isfinite(flat))
        order = known[np.argsort(flat[known], kind="stable")]
        ranked, code = flat[order], self._code_of(values)[order]
        medians = np.full(len(self._counts), np.nan)
        step = max(1, _CHUNK // max(1, len(order)))
        for start in range(0, len(medians), step) if len(order) else ():
            reached = np.cumsum(self._counts[start : start + step][:, code], axis=1)
            middle = np.argmax(2 * reached >= reached[:, -1:], axis=1)
            medians[start : start + step] = np.where(reached[:, -1] > 0, ranked[middle], np.nan)
        return medians

    def _code_of(self, values: Float[np.ndarray, "N *Q"]) -> Int[np.ndarray, "NQ"]:
        """The unit of each value, for values in row-major order."""
        return np.repeat(self._code, values.size // max(1, len(values)))


def interval(replicates: Float[np.ndarray, "B"], level: float = 0.95) -> Interval:
    """Percentile interval of a statistic's resamples; resamples without a value (NaN) are left out."""
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


class Estimate(NamedTuple):
    """A statistic of images with its 95 % interval.

    Attributes:
        value: The statistic of the images; NaN if no image has a value.
        interval: Interval from clustered resamples.
        drawn: What was resampled: `clusters`, or `images` if all values are of one cluster.
    """

    value: float
    interval: Interval
    drawn: str


def estimate(
    reduction: Literal["mean", "rms", "median"],
    values: Float[np.ndarray, "N *Q"],
    clusters: Shaped[np.ndarray, "N"],
    samples: int,
    seed: int,
    weights: Float[np.ndarray, "N"] | None = None,
) -> Estimate:
    """A statistic with its interval; images without a value, and clusters of such images only, are left out.

    Args:
        reduction: Mean; root of the mean (`rms`, values are squares); or median.
        values: One or several per image; NaN is left out.
        clusters: Cluster of each image (its subject).
        samples: Number of resamples.
        seed: Random seed.
        weights: One per image; not for the median.
    """
    has_value = np.isfinite(values).reshape(len(values), -1).any(axis=1)
    known, weight = values[has_value], None if weights is None else weights[has_value]
    draws = ClusterBootstrap(np.asarray(clusters)[has_value], samples, seed)
    finite = np.isfinite(known)
    if not finite.any():
        return Estimate(float("nan"), interval(np.array([])), draws.drawn)
    if reduction == "median":
        return Estimate(float(np.median(known[finite])), interval(draws.median(known)), draws.drawn)
    mean = float(np.average(known[finite], weights=weight[finite] if weight is not None else None))
    if reduction == "rms":
        return Estimate(mean**0.5, interval(draws.rms(known, weight)), draws.drawn)
    return Estimate(mean, interval(draws.mean(known, weight)), draws.drawn)


def paired_bootstrap(
    challenger_errors: Float[np.ndarray, "N"],
    champion_errors: Float[np.ndarray, "N"],
    clusters: Shaped[np.ndarray, "N"],
    samples: int,
    seed: int,
) -> PairedDifference:
    """Compare two models image by image, by a subject-clustered bootstrap of the mean difference of their errors.

    Args:
        challenger_errors: Error of the challenger per image; lower is better, NaN if not scored.
        champion_errors: Error of the champion on the same images in the same order.
        clusters: Cluster of each image (its subject).
        samples: Number of resamples.
        seed: Random seed.

    Raises:
        ValueError: The three differ in length, or no image is scored by both.
    """
    if not len(challenger_errors) == len(champion_errors) == len(clusters):
        lengths = (len(challenger_errors), len(champion_errors), len(clusters))
        raise ValueError(f"challenger, champion and clusters have {lengths} values; they must be of the same images")
    differences = np.asarray(challenger_errors, float) - np.asarray(champion_errors, float)
    scored = np.isfinite(differences)
    if not scored.any():
        raise ValueError("no image is scored by both models")
    drawn = ClusterBootstrap(np.asarray(clusters)[scored], samples, seed).mean(differences[scored])
    better = float(np.mean(drawn < 0) + np.mean(drawn == 0) / 2)
    return PairedDifference(float(differences[scored].mean()), interval(drawn), better)
