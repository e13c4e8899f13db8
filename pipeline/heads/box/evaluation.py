"""Evaluation of the box head."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.box.error import ERROR
from pipeline.heads.box.precision import box_precision
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    HeadEvaluation,
    Overlay,
    Scene,
    Scores,
    Statistic,
    ends,
    with_headlines,
)
from pipeline.problem import Problem
from pipeline.scoring import figures
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.metrics import box_iou, box_metrics, box_rmse
from pipeline.scoring.score import Groups, Score

_SIDES = [(0, 1), (1, 2), (2, 3), (3, 0)]


class BoxScores(Scores):
    """Predicted boxes compared with the true ones.

    Args:
        truth: The split.
        boxes: (x, y, width, height), input pixels.
        settings: Settings of the bootstrap.
        ranks: Confidence of each box, by which average precision ranks them; `None` means equal ranks.
    """

    error: ClassVar[str] = "box_rmse_original_px"
    history: ClassVar[str] = "val_box_rmse_px"

    def __init__(
        self,
        truth: Truth,
        boxes: Float[np.ndarray, "N 4"],
        settings: EvaluateSettings,
        ranks: Float[np.ndarray, "N"] | None = None,
    ) -> None:
        self._ranks = np.ones(len(boxes)) if ranks is None else ranks
        self._truth, self._boxes, self._settings = truth, boxes, settings
        self._predicted, self._original = truth.boxes_in_original(boxes), truth.boxes_in_original(truth.boxes)
        self._overlap = box_iou(boxes, truth.boxes)
        self.cases = truth.cases({"boxes": self._predicted})

    def headlines(self) -> list[Score]:
        """The IoU loss."""
        return [ERROR.score(self.cases)]

    def groups(self) -> Groups:
        """`box` (input pixels) and `box_original` (original pixels)."""
        draw = (self._truth.subjects, self._settings.bootstrap, self._settings.seed)
        loss = estimate("mean", 100 * (1 - self._overlap), *draw)
        rmse = estimate("rms", box_rmse(self._boxes, self._truth.boxes) ** 2, *draw)
        inside = box_metrics(self._boxes, self._truth.boxes)
        inside |= ends("iou_loss_percent", loss.interval) | ends("rmse_px", rmse.interval)
        inside |= box_precision(self.cases.images, self._original, self._predicted, self._ranks)
        groups = {"box": inside, "box_original": box_metrics(self._predicted, self._original)}
        return with_headlines(groups, self.headlines())

    def published(self) -> Groups:
        """`image_rmse_px`: the mean over images of each one's RMSE, input pixels."""
        return {"box": {"image_rmse_px": float(np.nanmean(box_rmse(self._boxes, self._truth.boxes)))}}

    def statistics(self) -> list[Statistic]:
        """The IoU loss."""
        return [Statistic("box_iou_loss_percent", "mean", 100 * (1 - self._overlap))]

    def panels(self) -> dict[str, str]:
        """The IoU loss."""
        return {"box_iou_loss_percent": "Box: IoU loss (%)"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """box_iou and box_rmse_original_px, over x, y, width and height."""
        return {"box_iou": self._overlap, self.error: box_rmse(self._predicted, self._original)}

    def overlay(self, problem: Problem) -> Overlay:
        """The corners and sides of the boxes."""
        return Overlay(_corners(self._original), _corners(self._predicted), _SIDES)

    def drawings(self, scene: Scene) -> Drawings:
        """The figure `boxes`: overlaps and errors."""
        return {"boxes": lambda path: figures.box_errors(self._overlap, self._predicted - self._original, path)}


def _corners(boxes: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N 4 2"]:
    x, y, width, height = np.asarray(boxes, np.float64).T
    around = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return np.stack([np.stack(corner, axis=-1) for corner in around], axis=1)


class BoxEvaluation(HeadEvaluation):
    """Evaluates `boxes`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """The scores of the boxes, ranked by the mean keypoint confidence if there is one."""
        confidence = answers.predictions.get("confidence")  # the box head has no confidence of its own
        ranks = None if confidence is None else confidence.mean(axis=1)
        return [BoxScores(answers.truth, answers.predictions["boxes"], answers.settings, ranks)]


EVALUATION = BoxEvaluation()
