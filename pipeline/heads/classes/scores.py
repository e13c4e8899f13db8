"""What the figures of a classification are called here, and how each is computed."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

_NORMAL = 1.959963984540054  # of 95 %
_BINS = 10


def wilson(right: float, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): also right for few images and for shares near 0 and 1; NaN of none."""
    if not total:
        return float("nan"), float("nan")
    share, z2 = right / total, _NORMAL**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = _NORMAL / (1 + z2 / total) * np.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return float(max(middle - reach, 0.0)), float(min(middle + reach, 1.0))


def confusion(true: Int[np.ndarray, "N"], said: Int[np.ndarray, "N"], kinds: int) -> Int[np.ndarray, "C C"]:
    """How many images of the row's class were called the column's."""
    return np.bincount(true * kinds + said, minlength=kinds * kinds).reshape(kinds, kinds)


def scores(counts: Int[np.ndarray, "C C"]) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Figures of a confusion matrix.

    Returns:
        `accuracy`, `macro_` and `weighted_` precision, recall and F1 (classes without an image are in no mean); and for
        each class `precision`, `recall`, `f1`, `images`. A class that is never said has precision 0.
    """
    right, said, there = np.diag(counts).astype(float), counts.sum(axis=0), counts.sum(axis=1)
    precision, recall = right / np.maximum(said, 1), right / np.maximum(there, 1)
    f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros(len(right)), where=right > 0)
    means = {"accuracy": float(right.sum() / counts.sum()) if counts.sum() else float("nan")}
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        known = values[there > 0]
        means[f"macro_{name}"] = float(known.mean()) if len(known) else float("nan")
        means[f"weighted_{name}"] = float(np.average(values, weights=there)) if there.any() else float("nan")
    each = [
        {"precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for p, r, f, n in zip(precision, recall, f1, there, strict=True)
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
