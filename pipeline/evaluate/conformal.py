"""Split-conformal calibration: radii within which a stated share of points lies, however good the network is.

A score is an error divided by its expected size; the calibration is a quantile of the scores on data that the network
was not trained on (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005;
normalised by a difficulty as in Lei et al., JASA 2018; 113: 1094-1111; an introduction: Angelopoulos and Bates,
arXiv 2107.07511; for landmarks: McCouat and Voiculescu, Contour-hugging heatmaps, CVPR 2022).

The plain quantile promises its level for exchangeable points. Frames of one person are not exchangeable, as they
resemble each other; people are. So each subject has the same weight, whatever the number of its frames, and one subject
with infinite errors is added: with m_i scores of subject i out of S, each has the weight 1 / (m_i (S + 1)). The promise
then is for a random point of a new subject (Dunn, Wasserman and Ramdas, JASA 2023, arXiv 1809.07441; Lee, Barber and
Willett, arXiv 2306.06342). With one image a subject it is the usual ceil((n + 1) level)-th smallest of n scores.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped
from sklearn.isotonic import IsotonicRegression

Knots = tuple[tuple[float, float], ...]

FLAT: Knots = ((1.0, 1.0),)
"""A constant difficulty of 1: the factor is the radius in input pixels."""

_BEYOND = 5  # least number of scores above a factor's quantile; with fewer it depends on single frames
_BEYOND_BIN = 2  # the same for a bin of confidence: few points have a low confidence, and the bins are smoothed
_FOLDS = 5
_SMALLEST = 1e-3  # input pixels; lower limit of the expected error


class Scored(NamedTuple):
    """Labelled points of the validation split, in any order.

    Attributes:
        error: Distance to the label in input pixels.
        confidence: Confidence, in [0, 1].
        subject: Subject of each point.
        keypoint: Index of each point's keypoint.
    """

    error: Float[np.ndarray, " M"]
    confidence: Float[np.ndarray, " M"]
    subject: Shaped[np.ndarray, " M"]
    keypoint: Int[np.ndarray, " M"]


def subject_quantile(scores: Float[np.ndarray, " M"], subjects: Shaped[np.ndarray, " M"], level: float) -> float:
    """The smallest score that a random score of a new subject exceeds with a probability of at most 1 - level.

    Returns:
        Inf if there are fewer than level / (1 - level) subjects: 9 for 0.9.
    """
    names, code = np.unique(subjects, return_inverse=True)
    order = np.argsort(scores, kind="stable")
    weights = 1 / (np.bincount(code, minlength=len(names))[code] * (len(names) + 1))
    enough = np.flatnonzero(np.cumsum(weights[order]) >= level - 1e-9)
    return float(scores[order[enough[0]]]) if len(enough) else float("inf")


def fit_difficulty(points: Scored, level: float) -> Knots:
    """The size of errors by confidence; it never rises with confidence, and is constant if there are few points.

    The more confident half of the points is a bin, the more confident half of the rest the next, and so on while a bin
    has enough points for a quantile of its own, since large errors are among the few points of low confidence. The
    quantiles of the bins, at their median confidence, are made monotone (isotonic regression of their logarithms).
    """
    least = _at_least(_BEYOND_BIN, level)
    order = np.argsort(-points.confidence, kind="stable")
    confidence, error = points.confidence[order], points.error[order]
    bins, start = list[slice](), 0
    while start < len(order):
        half = start + (len(order) - start + 1) // 2
        end = half if len(order) - half >= least else len(order)
        end = int(np.searchsorted(-confidence, -confidence[end - 1], side="right"))  # equal confidences share a bin
        end = end if len(order) - end >= least else len(order)
        bins.append(slice(start, end))
        start = end
    at = np.array([np.median(confidence[b]) for b in bins])
    size = np.log(np.maximum([np.quantile(error[b], level) for b in bins], _SMALLEST))
    count = [b.stop - b.start for b in bins]
    smooth = np.exp(IsotonicRegression(increasing=False).fit(at, size, sample_weight=count).predict(at))
    return tuple((float(f"{c:.6g}"), float(f"{s:.6g}")) for c, s in zip(at[::-1], smooth[::-1], strict=True))


class Factors(NamedTuple):
    """Quantiles of scores by name.

    Attributes:
        values: Quantile of each name; inf if too few subjects have scores.
        pooled: For names with too few scores of their own, the names whose scores were pooled.
    """

    values: dict[str, float]
    pooled: dict[str, str]


def pooled_factors(
    scores: Float[np.ndarray, "N Q"],
    subjects: Shaped[np.ndarray, " N"],
    groups: dict[str, list[list[str]]],
    level: float,
) -> Factors:
    """A quantile for each column: of its own scores, or of the first group with it that has enough.

    A group has enough scores if at least five lie above its quantile. The last group is used in any case.

    Args:
        scores: A column for each of `groups`; NaN if there is no score.
        subjects: Subject of each row.
        groups: By column name, in the order of columns: groups of names to pool, from the name alone to the largest.
        level: Share of a new subject's scores that are at most the quantile.
    """
    names, factors = list(groups), Factors({}, {})
    for name, candidates in groups.items():
        for place, group in enumerate(candidates):
            columns = scores[:, [names.index(member) for member in group]]
            known = np.isfinite(columns)
            quantile = subject_quantile(columns[known], np.repeat(subjects, len(group))[known.ravel()], level)
            if place == len(candidates) - 1 or (known.sum() >= _at_least(_BEYOND, level) and np.isfinite(quantile)):
                factors.values[name] = quantile
                if group != [name]:
                    factors.pooled[name] = ", ".join(group)
                break
    return factors


def cross_fitted(points: Scored, level: float) -> Float[np.ndarray, " M"]:
    """The difficulty of each point as fitted on the other subjects: five folds of whole subjects, in their order.

    No score is smaller because its point was used for the fit, so that every subject can serve both fits. There must be
    at least two subjects. The promise is then that of cross-conformal prediction (Barber et al., Ann. Statist. 2021;
    49: 486-507): the level itself in practice, 1 - 2 (1 - level) in the worst case.
    """
    fold = np.unique(points.subject, return_inverse=True)[1] % _FOLDS
    difficulty = np.ones(len(points.error))
    for number in range(_FOLDS):
        in_fold = fold == number
        rest = Scored(*(part[~in_fold] for part in points))
        difficulty[in_fold] = difficulty_at(fit_difficulty(rest, level), points.confidence[in_fold])
    return difficulty


def difficulty_at(knots: Knots, confidence: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """The difficulty at each confidence: linear between the knots, constant beyond."""
    at, size = np.array(knots).T
    return np.interp(confidence, at, size)


def confidence_helps(points: Scored, difficulty: Float[np.ndarray, " M"], level: float) -> bool:
    """True if radii by confidence fit errors better than one radius for all, by the pinball loss of the quantile.

    Args:
        points: All labelled points.
        difficulty: Result of `cross_fitted`.
        level: Level of the quantile.
    """
    losses = []
    for size in (difficulty, np.ones(len(difficulty))):
        factor = subject_quantile(points.error / size, points.subject, level)
        beyond = points.error - factor * size
        losses.append(float(np.maximum(level * beyond, (level - 1) * beyond).mean()))
    return losses[0] < losses[1]


def _at_least(beyond: int, level: float) -> int:
    """Number of scores of which `beyond` are above the quantile."""
    return int(np.ceil(beyond / (1 - level) - 1e-9))
