"""The error metric of the keypoint head: RMSE at the network's input size."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.scoring.case_table import Cases
from pipeline.scoring.metrics import image_rmse


class KeypointError(ErrorMetric):
    """Root of the mean squared coordinate error, in pixels of the network's input.

    Pooled over all coordinates of all labelled points: the weight of a case is its number of labelled points.
    """

    metric: ClassVar[str] = "keypoints/rmse_px"
    title: ClassVar[str] = "RMSE"
    unit: ClassVar[str] = " px"
    pooling: ClassVar[str] = "over all coordinates of labelled points, at the network's input size"
    power: ClassVar[int] = 2

    def errors(self, cases: Cases) -> CaseErrors:
        """RMSE of each case, weighted by its labelled points; NaN where none is labelled."""
        truth, predicted = cases.truth["keypoints"], cases.answers["keypoints"]
        labelled = np.isfinite(truth).all(axis=2)
        broken = (~np.isfinite(predicted).all(axis=2) & labelled).any(axis=1)
        rmse = image_rmse(predicted, truth, labelled) * cases.scale
        return CaseErrors(np.where(broken, np.inf, rmse), labelled.sum(axis=1).astype(np.float64))

    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """`keypoints` (N, K, 2), original pixels, and `confidence` (N, K)."""
        return {
            "keypoints": np.array([p.keypoints for p in predictions], np.float64),
            "confidence": np.array([p.confidence for p in predictions], np.float64),
        }


ERROR = KeypointError()
