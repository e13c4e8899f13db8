"""Predictions of a detector matched with the labels of one image."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pipeline.scoring.metrics import box_iou

_IOU = 0.5
SCALES = 3


class Matches(NamedTuple):
    """Matches of one image.

    Attributes:
        right: Number of predictions that match an instance of their class.
        loss: 1 - F1; 0 if there is neither an instance nor a prediction.
        scales: (right, 2) index of the class and of the scale of each match.
    """

    right: int
    loss: float
    scales: Int[np.ndarray, "R 2"]


def match_predictions(true: Float[np.ndarray, "D C"], predictions: Float[np.ndarray, "D C"]) -> Matches:
    """Match predictions by falling score with the instance of their class they overlap most, at an IoU of 0.5 or more.

    Args:
        true: x, y, width, height, class of each instance.
        predictions: x, y, width, height, class, score and, if known, scale of each prediction.
    """
    free = np.ones(len(true), bool)
    matches = []
    for row in predictions[np.argsort(-predictions[:, 5], kind="stable")] if len(predictions) else predictions:
        overlap = box_iou(np.repeat(row[None, :4], len(true), axis=0), true[:, :4])
        overlap = np.where(free & (true[:, 4] == row[4]), overlap, 0.0)
        if len(overlap) and overlap.max() >= _IOU:
            free[overlap.argmax()] = False
            matches.append((int(row[4]), int(row[6]) if len(row) > 6 else 0))
    total = len(true) + len(predictions)
    loss = 1 - 2 * len(matches) / total if total else 0.0
    return Matches(len(matches), loss, np.array(matches, np.int64).reshape(-1, 2))


def matches_by_scale(images: list[Matches], classes: int) -> Int[np.ndarray, "C S"]:
    """Number of instances of each class that each scale found."""
    table = np.zeros((classes, SCALES), np.int64)
    for image in images:
        np.add.at(table, (image.scales[:, 0], image.scales[:, 1]), 1)
    return table
