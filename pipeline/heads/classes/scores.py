"""What the figures of a classification are called here; scikit-learn and SciPy compute them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

_BINS = 10
_NAMES, _AVERAGES = ("precision", "recall", "f1"), ("macro", "weighted")
_MEANS = ("accuracy", *(f"{how}_{name}" for name in _NAMES for how in _AVERAGES))


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): also right for few images and for shares near 0 and 1; NaN of none."""
    if not total:
        return float("nan"), float("nan")
    interval = binomtest(right, total).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def confusion(true: Int[np.ndarray, "N"], answered: Int[np.ndarray, "N"], kinds: int) -> Int[np.ndarray, "C C"]:
    """How many images of the row's class were called the column's."""
    if not len(true):
        return np.zeros((kinds, kinds), np.int64)
    return np.asarray(confusion_matrix(true, answered, labels=range(kinds)))


def scores(
    true: Int[np.ndarray, "N"], answered: Int[np.ndarray, "N"], kinds: int
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Figures of the answers to N images.

    Returns:
        `accuracy`, `macro_` and `weighted_` precision, recall and F1 (classes without an image are in no mean; NaN
        where no image has a class); and for each class `precision`, `recall`, `f1`, `images`. A class that is never
        answered has precision 0.
    """
    if not len(true):
        return dict.fromkeys(_MEANS, float("nan")), [dict.fromkeys(_NAMES, 0.0) | {"images": 0} for _ in range(kinds)]
    means = {"accuracy": float(accuracy_score(true, answered))}
    labelled = np.unique(true)
    averages = {
        how: precision_recall_fscore_support(true, answered, labels=labelled, average=how, zero_division=0.0)
        for how in _AVERAGES
    }
    for number, name in enumerate(_NAMES):
        means |= {f"{how}_{name}": float(values[number]) for how, values in averages.items()}
    columns = precision_recall_fscore_support(true, answered, labels=range(kinds), zero_division=0.0)
    each = [
        {"precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for p, r, f, n in zip(*columns, strict=True)
    ]
    return means, each


class Bin(NamedTuple):
    """Answers of about the same confidence.

    Attributes:
        answers: How many.
        confidence: Their mean probability.
        right: Share of them that is right.
    """

    answers: int
    confidence: float
    right: float


def calibration(probabilities: Float[np.ndarray, "N C"], true: Int[np.ndarray, "N"]) -> list[Bin]:
    """The answers in ten bins of equal width by their probability; empty bins are left out."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
    number = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        Bin(int((number == b).sum()), float(sure[number == b].mean()), float(right[number == b].mean()))
        for b in range(_BINS)
        if (number == b).any()
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean distance of probability and share right over the answers (Naeini et al. 2015); NaN of none."""
    total = sum(b.answers for b in bins)
    return sum(b.answers * abs(b.confidence - b.right) for b in bins) / total if total else float("nan")
