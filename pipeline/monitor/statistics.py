"""Two tests of a window of records against a reference, each of which knows how many features it looks at.

Both are exact in finite samples if window and reference are exchangeable: whoever is in the window could as well have
been in the reference. A window is small, so what they can see is limited by the number of ways to choose it from all
records.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import chi2, ks_2samp, norm, rankdata

_RIDGE = 0.05  # added to the correlations of a group, so that features that say the same do not count twice
_FARTHEST = 4.0  # robust standard deviations; what is farther is strange in any case
_TO_SIGMA, _EQUAL = 1.4826, 1e-6
_FEWEST = 3  # values of a feature in a window below which its distribution is not compared


@dataclass(frozen=True)
class Shift:
    """Result of the permutation test.

    Attributes:
        features: p-value of each feature, corrected for all features and groups.
        groups: The same of each group.
    """

    features: Float[np.ndarray, " F"]
    groups: Float[np.ndarray, " G"]

    @property
    def p(self) -> float:
        """p-value that anything has shifted."""
        return float(np.concatenate([self.features, self.groups]).min())


def shift_test(
    window: Float[np.ndarray, "M F"],
    reference: Float[np.ndarray, "N F"],
    groups: list[list[int]],
    permutations: int = 9999,
    seed: int = 0,
) -> Shift:
    """Test whether any feature or group of features lies higher or lower in the window than in the reference.

    Features become robust scores among all records, so one strange record cannot hide or make a shift. A feature's
    statistic is the mean score of the window, a group's is the squared length of its vector of means by the
    correlations of the group (Hotelling). Both are turned into tail probabilities of their limits, which makes them
    comparable, and the smallest is what is permuted (Westfall and Young 1993): the correction knows how features go
    together.

    Args:
        window: Features of the window's records; NaN where a record does not have one, which counts as the middle.
        reference: The same of the reference.
        groups: Columns of each group.
        permutations: Number of random choices of a window; the smallest p-value is 1 / (permutations + 1).
        seed: Seed of these choices.
    """
    values = np.concatenate([window, reference])
    order = _canonical(values)
    scores = robust_scores(values[order])
    chosen = np.flatnonzero(order < len(window))
    whitening = [_whitening(scores[:, columns]) for columns in groups]
    observed = _tails(scores, chosen[None], groups, whitening)
    drawn = _choices(len(scores), len(window), permutations, seed)
    smallest = np.concatenate(
        [
            _tails(scores, part, groups, whitening).min(axis=1)
            for part in np.array_split(drawn, max(permutations // 2500, 1))
        ]
    )
    p = (1 + (smallest[:, None] <= observed + 1e-9).sum(axis=0)) / (permutations + 1)
    count = scores.shape[1]
    return Shift(p[:count], p[count:])


def ks_test(window: Float[np.ndarray, "M F"], reference: Float[np.ndarray, "N F"]) -> Float[np.ndarray, " F"]:
    """Return Holm-corrected p-values of the exact two-sample Kolmogorov-Smirnov test of each feature.

    It sees other changes than a shift, for instance two cameras in turn. It is 1 for a feature that fewer than three
    records of the window have.
    """
    count = window.shape[1]
    p = np.ones(count)
    for feature in range(count):
        first, second = (values[~np.isnan(values[:, feature]), feature] for values in (window, reference))
        if len(first) >= min(_FEWEST, len(window)) and len(second):
            p[feature] = ks_2samp(first, second, method="exact").pvalue
    return holm(p)


def holm(p: Float[np.ndarray, " F"]) -> Float[np.ndarray, " F"]:
    """Return p-values corrected by Holm's method (1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def robust_scores(values: Float[np.ndarray, "N F"]) -> Float[np.ndarray, "N F"]:
    """Return each column as distances from its median, with mean 0 and variance 1; NaN has the score 0.

    Distances are in robust standard deviations (1.4826 times the median absolute deviation) and at most 4. A column
    more than half of whose values are equal has van der Waerden's scores of its ranks instead.
    """
    scores = np.zeros_like(values)
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        if known.any():
            scores[known, column] = _distances(values[known, column])
    deviation = scores.std(axis=0)
    return scores / np.where(deviation > 1e-9, deviation, 1.0)


def _distances(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    middle = np.median(values)
    spread = _TO_SIGMA * np.median(np.abs(values - middle))
    if spread > _EQUAL * max(abs(middle), _EQUAL):
        distances = np.clip((values - middle) / spread, -_FARTHEST, _FARTHEST)
    else:
        distances = norm.ppf(rankdata(values) / (len(values) + 1))
    return np.asarray(distances - distances.mean())


def _canonical(values: Float[np.ndarray, "N F"]) -> Int[np.ndarray, " N"]:
    """Return an order of records that depends on their values only, so that the drawn choices do too."""
    return np.lexsort(np.nan_to_num(values, nan=-np.inf).T[::-1])


def _choices(total: int, size: int, count: int, seed: int) -> Int[np.ndarray, "count size"]:
    """Return random subsets of `size` of `total` records."""
    keys = np.random.default_rng([seed, total, size]).random((count, total), dtype=np.float32)
    return np.argpartition(keys, size - 1, axis=1)[:, :size]


def _whitening(scores: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "D D"]:
    """Return the matrix that makes a group's features uncorrelated."""
    correlation = scores.T @ scores / len(scores)
    values, vectors = np.linalg.eigh(correlation + _RIDGE * np.eye(scores.shape[1]))
    return np.asarray(vectors / np.sqrt(values))


def _tails(
    scores: Float[np.ndarray, "N F"],
    chosen: Int[np.ndarray, "B M"],
    groups: list[list[int]],
    whitening: list[Float[np.ndarray, "D D"]],
) -> Float[np.ndarray, "B T"]:
    """Return the logarithm of the tail probability of each feature, then of each group, for each choice of a window."""
    total, size = len(scores), chosen.shape[1]
    # the variance of a mean of `size` of `total` scores, drawn without replacement
    means = scores[chosen].mean(axis=1) * np.sqrt(size * (total - 1) / max(total - size, 1))
    singles = norm.logsf(np.abs(means)) + np.log(2)
    whole = [
        chi2.logsf(((means[:, columns] @ matrix) ** 2).sum(axis=1), len(columns))
        for columns, matrix in zip(groups, whitening, strict=True)
    ]
    return np.column_stack([singles, *whole])
