"""Evaluation of the class head."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.heads.classes import figures as class_figures
from pipeline.heads.classes.error import ERROR
from pipeline.heads.classes.scores import calibration, confusion, expected_calibration_error, scores, wilson
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

_TINY = 1e-12


class ClassScores(Scores):
    """Predicted classes compared with the true ones.

    Args:
        truth: The split; images without a class are not scored.
        probabilities: Probability of each class.
        categories: Names of the classes.
    """

    error: ClassVar[str] = "improbability"
    unit: ClassVar[str] = ""
    history: ClassVar[str] = "val_class_nll"
    history_title: ClassVar[str] = "Validation: negative log-likelihood"

    def __init__(self, truth: Truth, probabilities: Float[np.ndarray, "N C"], categories: tuple[str, ...]) -> None:
        assert truth.classes is not None
        self._classes, self._probabilities, self._categories = truth.classes, probabilities, categories
        self._known = truth.classes >= 0
        self.cases = truth.cases({"probabilities": probabilities})
        self._predicted = probabilities.argmax(axis=1)
        of_truth = probabilities[np.arange(len(probabilities)), np.maximum(truth.classes, 0)]
        self._of_truth = np.where(self._known, of_truth, np.nan)
        self._right = np.where(self._known, self._predicted == truth.classes, np.nan)

    def headlines(self) -> list[Score]:
        """The error rate."""
        return [ERROR.score(self.cases)]

    def groups(self) -> Groups:
        """`class`; `class_NAME` of each class; `confusion`: how often the one class was predicted as the other."""
        known = self._known
        true, predicted, probabilities = self._classes[known], self._predicted[known], self._probabilities[known]
        counts = confusion(true, predicted, len(self._categories))
        whole, each = scores(true, predicted, len(self._categories))
        right = int(np.nansum(self._right))
        low, high = wilson(right, int(known.sum()))
        whole |= {
            "images": int(known.sum()),
            "accuracy_low": low,
            "accuracy_high": high,
            "ece": expected_calibration_error(calibration(probabilities, true)),
            "nll": float(-np.log(np.maximum(self._of_truth[known], _TINY)).mean()) if known.any() else float("nan"),
        }
        groups: Groups = {"class": whole}
        for name, own, row in zip(self._categories, each, counts, strict=True):
            low, high = wilson(int(row[self._categories.index(name)]), int(row.sum()))
            groups[f"class_{name}"] = own | {"recall_low": low, "recall_high": high}
        groups["confusion"] = {
            f"{a}_called_{b}": int(counts[i, j])
            for i, a in enumerate(self._categories)
            for j, b in enumerate(self._categories)
        }
        return with_headlines(groups, self.headlines())

    def statistics(self) -> list[Statistic]:
        """The error in percent."""
        return [Statistic("error_percent", "mean", 100 * (1 - self._right))]

    def panels(self) -> dict[str, str]:
        """The error in percent."""
        return {"error_percent": "Wrong predictions (%)"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """class_true, class_predicted, right, confidence, improbability (1 - that of the truth), probability_NAME."""
        categories = np.array([*self._categories, ""], object)  # index -1, no class, is the last
        columns = {
            "class_true": categories[self._classes],
            "class_predicted": categories[self._predicted],
            "right": self._right,
            "confidence": self._probabilities.max(axis=1),
            self.error: 1 - self._of_truth,
        }
        return columns | {
            f"probability_{name}": p for name, p in zip(self._categories, self._probabilities.T, strict=True)
        }

    def drawings(self, scene: Scene) -> Drawings:
        """Confusion matrix, calibration, and a sheet of right and wrong images."""
        known = self._known
        true, predicted = self._classes[known], self._predicted[known]
        counts = confusion(true, predicted, len(self._categories))
        bins = calibration(self._probabilities[known], true)
        return {
            "confusion": lambda path: class_figures.draw_confusion(counts, self._categories, path),
            "calibration": lambda path: class_figures.draw_calibration(bins, path),
            "right_and_wrong": lambda path: class_figures.draw_cases(
                scene, self._classes, self._probabilities, self._categories, path
            ),
        }


class ClassEvaluation(HeadEvaluation):
    """Evaluates `probabilities`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """The scores of the classes."""
        return [ClassScores(answers.truth, answers.predictions["probabilities"], answers.problem.classes)]


EVALUATION = ClassEvaluation()
