"""The error metric of the class head: the error rate."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.scoring.case_table import Cases


class ClassError(ErrorMetric):
    """100 for a wrong class and 0 for the right one; the mean over all images with a class is the error rate."""

    metric: ClassVar[str] = "class/error_percent"
    title: ClassVar[str] = "error rate"
    unit: ClassVar[str] = " %"
    pooling: ClassVar[str] = "share of wrong predictions over all images with a class"

    def errors(self, cases: Cases) -> CaseErrors:
        """100 where the most probable class is not the true one; NaN where the image has no class."""
        truth, probabilities = cases.truth["classes"], cases.answers["probabilities"]
        known, broken = truth >= 0, ~np.isfinite(probabilities).all(axis=1)
        wrong = 100.0 * (np.nan_to_num(probabilities).argmax(axis=1) != truth)
        return CaseErrors(np.where(known, np.where(broken, np.inf, wrong), np.nan), known.astype(np.float64))

    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """`probabilities` (N, C)."""
        return {"probabilities": np.array([p.probabilities for p in predictions], np.float64)}


ERROR = ClassError()
