"""Scores of a classification, computed by scikit-learn and SciPy."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

_BINS = 10
_NAMES, _AVERAGES = ("precision", "recall", "f1"), ("macro", "weighted")
_MEANS = ("accuracy", *(f"{average}_{name}" for name in _NAMES for average in _AVERAGES))


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (1927), valid for few images and shares near 0 and 1; NaN if `total` is 0."""
    if not total:
        return float("nan"), float("nan")
    interval = binomtest(right, total).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def confusion(true: Int[np.ndarray, "N"], predicted: Int[np.ndarray, "N"], classes: int) -> Int[np.ndarray, "C C"]:
    """Confusion matrix: number of images by true class (rows) and predicted class (columns)."""
    if not len(true):
        return np.zeros((classes, classes), np.int64)
    return np.asarray(confusion_matrix(true, predicted, labels=range(classes)))


def scores(
    true: Int[np.ndarray, "N"], predicted: Int[np.ndarray, "N"], classes: int
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Scores of the predicted classes of N images.

    Args:
        true: Index of the true class of each image.
        predicted: Index of the predicted class.
        classes: Number of classes.

    Returns:
        `accuracy`, `macro_` and `weighted_` precision, recall and F1 (means over the classes that have images; NaN if
        no image has a class); and for each class `precision`, `recall`, `f1`, `images`. A class that is never predicted
        has precision 0.
    """
    if not len(true):
        return dict.fromkeys(_MEANS, float("nan")), [dict.fromkeys(_NAMES, 0.0) | {"images": 0} for _ in range(classes)]
    means = {"accuracy": float(accuracy_score(true, predicted))}
    labelled = np.unique(true)
    averages = {
        average: precision_recall_fscore_support(true, predicted, labels=labelled, average=average, zero_division=0.0)
        for average in _AVERAGES
    }
    for column, name in enumerate(_NAMES):
        means |= {f"{average}_{name}": float(values[column]) for average, values in averages.items()}
    columns = precision_recall_fscore_support(true, predicted, labels=range(classes), zero_division=0.0)
    each = [
        {"precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for p, r, f, n in zip(*columns, strict=True)
    ]
    return means, each


class Bin(NamedTuple):
    """Predictions of similar confidence.

    Attributes:
        predictions: Their number.
        confidence: Their mean probability.
        right: Share of them that is right.
    """

    predictions: int
    confidence: float
    right: float


def calibration(probabilities: Float[np.ndarray, "N C"], true: Int[np.ndarray, "N"]) -> list[Bin]:
    """The predictions in ten bins of equal width by their probability; empty bins are left out."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        Bin(
            int((bins == b).sum()),
            float(confidence[bins == b].mean()),
            float(right[bins == b].mean()),
        )
        for b in range(_BINS)
        if (bins == b).any()
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean difference of probability and share right (Naeini et al. 2015); NaN without predictions."""
    total = sum(b.predictions for b in bins)
    return sum(b.predictions * abs(b.confidence - b.right) for b in bins) / total if total else float("nan")
