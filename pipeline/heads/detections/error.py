"""The error of a detector: 1 - F1 of each image, at IoU 0.5 and the consumer's threshold."""

import numpy as np

from pipeline.heads.detections.matching import counted
from pipeline.heads.error import ErrorMetric, Errors, Found, TestSet


def _errors(found: Found, tests: TestSet) -> Errors:
    """1 - F1 in percent."""
    losses, broken = [], []
    for prediction, true in zip(found.predictions, tests.objects, strict=True):
        assert prediction.boxes is not None
        assert prediction.scores is not None
        assert prediction.classes is not None
        rows = np.column_stack([prediction.boxes, prediction.classes, prediction.scores]).astype(np.float64)
        broken.append(not np.isfinite(rows).all())
        losses.append(100 * counted(true, rows[rows[:, 5] >= found.threshold]).loss)
    wrong = np.array(broken, bool)
    return Errors(np.where(wrong, np.inf, losses), np.ones(len(losses)), wrong)


ERROR = ErrorMetric("1 - F1", "%", "one_minus_f1_percent", 1, _errors)
