"""The class head's answers."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.heads.classes import figures as class_figures
from pipeline.heads.classes.error import ERROR
from pipeline.heads.classes.scores import calibration, confusion, expected_calibration_error, scores, wilson
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    Groups,
    HeadEvaluation,
    Scene,
    Scores,
    Statistic,
    with_headlines,
)
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Score

_TINY = 1e-12


class ClassScores(Scores):
    """See `Scores`.

    Args:
        truth: The split; images without a class are in no figure.
        probabilities: Of each class.
        kinds: Names of the classes.
    """

    error: ClassVar[str] = "improbability"
    unit: ClassVar[str] = ""
    history: ClassVar[str] = "val_class_nll"
    history_title: ClassVar[str] = "Validation: log-likelihood lost"

    def __init__(self, truth: Truth, probabilities: Float[np.ndarray, "N C"], kinds: tuple[str, ...]) -> None:
        assert truth.classes is not None
        self._classes, self._probabilities, self._kinds = truth.classes, probabilities, kinds
        self._known = truth.classes >= 0
        self.cases = truth.cases({"probabilities": probabilities})
        self._said = probabilities.argmax(axis=1)
        of_truth = probabilities[np.arange(len(probabilities)), np.maximum(truth.classes, 0)]
        self._of_truth = np.where(self._known, of_truth, np.nan)
        self._right = np.where(self._known, self._said == truth.classes, np.nan)

    def headlines(self) -> list[Score]:
        """The error rate."""
        return [ERROR.score(self.cases)]

    def groups(self) -> Groups:
        """`class`, `class_NAME` of each class, and `confusion`: how often the row's class was called the column's."""
        known = self._known
        true, said, sure = self._classes[known], self._said[known], self._probabilities[known]
        counts = confusion(true, said, len(self._kinds))
        whole, each = scores(true, said, len(self._kinds))
        right = int(np.nansum(self._right))
        low, high = wilson(right, int(known.sum()))
        whole |= {
            "images": int(known.sum()),
            "accuracy_low": low,
            "accuracy_high": high,
            "ece": expected_calibration_error(calibration(sure, true)),
            "nll": float(-np.log(np.maximum(self._of_truth[known], _TINY)).mean()) if known.any() else float("nan"),
        }
        groups: Groups = {"class": whole}
        for kind, own, row in zip(self._kinds, each, counts, strict=True):
            low, high = wilson(int(row[self._kinds.index(kind)]), int(row.sum()))
            groups[f"class_{kind}"] = own | {"recall_low": low, "recall_high": high}
        groups["confusion"] = {
            f"{a}_called_{b}": int(counts[i, j]) for i, a in enumerate(self._kinds) for j, b in enumerate(self._kinds)
        }
        return with_headlines(groups, self.headlines())

    def statistics(self) -> list[Statistic]:
        """See `Scores`."""
        return [Statistic("error_percent", "mean", 100 * (1 - self._right))]

    def panels(self) -> dict[str, str]:
        """See `Scores`."""
        return {"error_percent": "Wrong answers (%)"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """class_true, class_predicted, right, confidence, improbability (1 - that of the truth), probability_NAME."""
        kinds = np.array([*self._kinds, ""], object)  # -1 is the last
        columns = {
            "class_true": kinds[self._classes],
            "class_predicted": kinds[self._said],
            "right": self._right,
            "confidence": self._probabilities.max(axis=1),
            self.error: 1 - self._of_truth,
        }
        return columns | {f"probability_{kind}": p for kind, p in zip(self._kinds, self._probabilities.T, strict=True)}

    def drawings(self, scene: Scene) -> Drawings:
        """See `Scores`."""
        known = self._known
        true, said = self._classes[known], self._said[known]
        counts = confusion(true, said, len(self._kinds))
        bins = calibration(self._probabilities[known], true)
        return {
            "confusion": lambda path: class_figures.draw_confusion(counts, self._kinds, path),
            "calibration": lambda path: class_figures.draw_calibration(bins, path),
            "right_and_wrong": lambda path: class_figures.draw_cases(
                scene, self._classes, self._probabilities, self._kinds, path
            ),
        }


class ClassEvaluation(HeadEvaluation):
    """See `HeadEvaluation`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """See `HeadEvaluation`."""
        return [ClassScores(answers.truth, answers.predictions["probabilities"], answers.problem.classes)]


EVALUATION = ClassEvaluation()
