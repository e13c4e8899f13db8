"""Answers of a detector held against the labels of one image."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pipeline.scoring.metrics import box_iou

_IOU = 0.5
SCALES = 3


class Counted(NamedTuple):
    """One image's answers.

    Attributes:
        right: Answers that found an instance of their class.
        loss: 1 - F1; 0 where there is nothing and nothing was said.
        scales: (right, 2) class and number of the scale of each of those.
    """

    right: int
    loss: float
    scales: Int[np.ndarray, "R 2"]


def counted(true: Float[np.ndarray, "D C"], answers: Float[np.ndarray, "D C"]) -> Counted:
    """Give each answer, the surest first, the instance of its class that it overlaps most, by an IoU of at least 0.5.

    Args:
        true: x, y, width, height, class.
        answers: The same, score, and the scale where it is known.
    """
    free = np.ones(len(true), bool)
    found = []
    for row in answers[np.argsort(-answers[:, 5], kind="stable")] if len(answers) else answers:
        overlap = box_iou(np.repeat(row[None, :4], len(true), axis=0), true[:, :4])
        overlap = np.where(free & (true[:, 4] == row[4]), overlap, 0.0)
        if len(overlap) and overlap.max() >= _IOU:
            free[overlap.argmax()] = False
            found.append((int(row[4]), int(row[6]) if len(row) > 6 else 0))
    total = len(true) + len(answers)
    loss = 1 - 2 * len(found) / total if total else 0.0
    return Counted(len(found), loss, np.array(found, np.int64).reshape(-1, 2))


def found_by_scale(images: list[Counted], kinds: int) -> Int[np.ndarray, "C S"]:
    """How many instances of each class each scale found."""
    table = np.zeros((kinds, SCALES), np.int64)
    for image in images:
        np.add.at(table, (image.scales[:, 0], image.scales[:, 1]), 1)
    return table
