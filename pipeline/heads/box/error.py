"""The error of one box: 1 - IoU."""

import numpy as np

from pipeline.heads.error import ErrorMetric, Errors, Found, TestSet
from pipeline.scoring.metrics import box_iou


def _errors(found: Found, tests: TestSet) -> Errors:
    """1 - IoU of each instance in percent."""
    predicted = np.array([p.box for p in found.predictions], np.float64)
    broken, known = np.asarray(~np.isfinite(predicted).all(axis=1)), np.isfinite(tests.boxes).all(axis=1)
    loss = 100 * (1 - box_iou(predicted, tests.boxes))
    return Errors(np.where(broken & known, np.inf, loss), known.astype(np.float64), np.asarray(broken))


ERROR = ErrorMetric("IoU loss", "%", "iou_loss_percent", 1, _errors)
