"""Evaluation of the detector's head."""

from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.heads.detections import figures as detection_figures
from pipeline.heads.detections.error import ERROR, accepted, labelled
from pipeline.heads.detections.matching import Matches, match_predictions, matches_by_scale
from pipeline.heads.detections.precision import Objects, class_precision, detection_precision
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    HeadEvaluation,
    Scene,
    Scores,
    Statistic,
    with_headlines,
)
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Groups, Score


class DetectionScores(Scores):
    """Predicted instances compared with the true ones.

    Args:
        truth: The split.
        objects: The network's predictions, input pixels; score 0 beyond the last.
        categories: Names of the classes.
        threshold: Score below which a consumer ignores a prediction.
    """

    error: ClassVar[str] = "one_minus_f1"
    unit: ClassVar[str] = ""
    history: ClassVar[str] = "val_ap_loss"
    history_title: ClassVar[str] = "Validation: 1 - AP"

    def __init__(
        self, truth: Truth, objects: Float[np.ndarray, "N D 7"], categories: tuple[str, ...], threshold: float
    ) -> None:
        assert truth.objects is not None
        self.cases = truth.cases({"objects": truth.objects_in_original(objects)}, threshold)
        self.true: list[Objects] = [labelled(rows) for rows in self.cases.truth["objects"]]
        self.predictions: list[Objects] = [accepted(rows, 0.0) for rows in self.cases.answers["objects"]]
        self.accepted: list[Objects] = [accepted(rows, threshold) for rows in self.predictions]
        self._categories = categories
        self._truth = truth
        self._matches: list[Matches] = [match_predictions(t, a) for t, a in zip(self.true, self.accepted, strict=True)]

    @cached_property
    def _precision(self) -> dict[str, float]:
        return detection_precision(self.true, self.predictions, len(self._categories))

    def headlines(self) -> list[Score]:
        """1 - F1, and average precision."""
        pooling = "COCO's, over all instances, mean over classes and IoU 0.50 to 0.95"
        return [ERROR.score(self.cases), Score("detections/ap", "AP", self._precision["ap"], "", pooling)]

    def groups(self) -> Groups:
        """`detections`, `detections_NAME` of each class (original pixels), `scales`: instances found by each scale."""
        whole = dict(self._precision)
        right = sum(c.right for c in self._matches)
        instances, predicted = sum(map(len, self.true)), sum(map(len, self.accepted))
        whole |= {
            "instances": instances,
            "answers": predicted,
            "precision": right / predicted if predicted else float("nan"),
            "recall": right / instances if instances else float("nan"),
            "f1": 2 * right / (predicted + instances) if predicted + instances else float("nan"),
        }
        groups: Groups = {"detections": whole}
        for name, own in zip(
            self._categories, class_precision(self.true, self.predictions, len(self._categories)), strict=True
        ):
            groups[f"detections_{name}"] = own
        table = matches_by_scale(self._matches, len(self._categories))
        groups["scales"] = {
            f"{name}_found_by_scale_{scale + 1}": int(table[number, scale])
            for number, name in enumerate(self._categories)
            for scale in range(table.shape[1])
        }
        return with_headlines(groups, self.headlines())

    def statistics(self) -> list[Statistic]:
        """1 - F1 in percent."""
        return [Statistic("one_minus_f1_percent", "mean", 100 * np.array([c.loss for c in self._matches]))]

    def panels(self) -> dict[str, str]:
        """1 - F1 in percent."""
        return {"one_minus_f1_percent": "1 - F1 of an image (%)"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """one_minus_f1, instances, answers, right: at IoU 0.5 and the consumer's threshold."""
        return {
            self.error: np.array([c.loss for c in self._matches]),
            "instances": np.array([len(rows) for rows in self.true]),
            "answers": np.array([len(rows) for rows in self.accepted]),
            "right": np.array([c.right for c in self._matches]),
        }

    def drawings(self, scene: Scene) -> Drawings:
        """A sheet of images, average precision, and figures of the scales and anchors."""
        precision = class_precision(self.true, self.predictions, len(self._categories))
        loss = np.array([c.loss for c in self._matches])
        assert self._truth.objects is not None
        inside = self._truth.objects
        return {
            "detection_sheet": lambda path: detection_figures.draw_sheet(
                scene, self.true, self.accepted, loss, self._categories, path
            ),
            "precision": lambda path: detection_figures.draw_precision(precision, self._categories, path),
            "scales": lambda path: detection_figures.draw_scales(
                matches_by_scale(self._matches, len(self._categories)), self._categories, path
            ),
            "coverage": lambda path: detection_figures.draw_coverage(scene.network, inside, self._categories, path),
            "activation": lambda path: detection_figures.draw_activation(scene.network, scene.pixels[0], path),
        }


class DetectionEvaluation(HeadEvaluation):
    """Evaluates `objects`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """The scores of the detections."""
        objects, categories = answers.predictions["objects"], answers.problem.categories
        return [DetectionScores(answers.truth, objects, categories, answers.threshold)]


EVALUATION = DetectionEvaluation()
