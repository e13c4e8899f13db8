"""The error metric of the box head: 1 - IoU."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.scoring.case_table import Cases
from pipeline.scoring.metrics import box_iou


class BoxError(ErrorMetric):
    """1 - IoU of the predicted and the true box in percent; the mean over all instances with a box."""

    metric: ClassVar[str] = "box/iou_loss_percent"
    title: ClassVar[str] = "IoU loss"
    unit: ClassVar[str] = " %"
    pooling: ClassVar[str] = "mean of 1 - IoU over all instances with a box"

    def errors(self, cases: Cases) -> CaseErrors:
        """1 - IoU of each case in percent; NaN where no box is labelled."""
        truth, predicted = cases.truth["boxes"], cases.answers["boxes"]
        known, broken = np.isfinite(truth).all(axis=1), ~np.isfinite(predicted).all(axis=1)
        loss = 100 * (1 - box_iou(predicted, truth))
        return CaseErrors(np.where(broken & known, np.inf, loss), known.astype(np.float64))

    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """`boxes` (N, 4) as x, y, width, height, original pixels."""
        return {"boxes": np.array([p.box for p in predictions], np.float64)}


ERROR = BoxError()
