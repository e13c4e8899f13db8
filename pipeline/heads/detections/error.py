"""The error metric of a detector: 1 - F1 of each image, at IoU 0.5 and the consumer's threshold."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.detections.matching import match_predictions
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.scoring.case_table import Cases


class DetectionError(ErrorMetric):
    """1 - F1 of an image in percent, at IoU 0.5 and the consumer's threshold; the mean over all images.

    Every image has the same weight, however many instances it has; the F1 over all instances is another number.
    """

    metric: ClassVar[str] = "detections/one_minus_f1_percent"
    title: ClassVar[str] = "1 - F1"
    unit: ClassVar[str] = " %"
    pooling: ClassVar[str] = "mean over images, at IoU 0.5 and the consumer's threshold"

    def errors(self, cases: Cases) -> CaseErrors:
        """1 - F1 of each image in percent."""
        broken = ~np.isfinite(cases.answers["objects"]).all(axis=(1, 2))
        pairs = zip(cases.truth["objects"], cases.answers["objects"], strict=True)
        losses = [100 * match_predictions(labelled(true), accepted(rows, cases.threshold)).loss for true, rows in pairs]
        return CaseErrors(np.where(broken, np.inf, losses), np.ones(len(losses)))

    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """`objects`: x, y, width, height, class and score of the predicted instances; score 0 beyond the last."""
        tables = [_instances(prediction) for prediction in predictions]
        objects = np.zeros((len(tables), max(map(len, tables), default=0), 6))
        for row, table in enumerate(tables):
            objects[row, : len(table)] = table
        return {"objects": objects}


def _instances(prediction: Prediction) -> Float[np.ndarray, "D 6"]:
    assert prediction.boxes is not None
    assert prediction.classes is not None
    assert prediction.scores is not None
    return np.column_stack([prediction.boxes, prediction.classes, prediction.scores]).astype(np.float64)


def labelled(objects: Float[np.ndarray, "M 5"]) -> Float[np.ndarray, "L 5"]:
    """The labelled instances of an image, without padding."""
    return objects[np.isfinite(objects).all(axis=1)]


def accepted(objects: Float[np.ndarray, "D C"], threshold: float) -> Float[np.ndarray, "A C"]:
    """The predictions whose score reaches the consumer's threshold."""
    return objects[(objects[:, 5] > 0) & (objects[:, 5] >= threshold)]


ERROR = DetectionError()
