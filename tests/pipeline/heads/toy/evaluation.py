"""The toy head's answers."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

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
from tests.pipeline.heads.toy.error import ERROR


class VisibleScores(Scores):
    """See `Scores`."""

    error: ClassVar[str] = "points_off"
    unit: ClassVar[str] = ""
    history: ClassVar[str] = "val_points_off"
    history_title: ClassVar[str] = "Validation: points off"

    def __init__(self, truth: Truth, visible: Float[np.ndarray, "N"]) -> None:
        self.cases = truth.cases({"visible": visible})
        self._off = ERROR.errors(self.cases).error

    def headlines(self) -> list[Score]:
        """See `Scores`."""
        return [ERROR.score(self.cases)]

    def groups(self) -> Groups:
        """`visible`."""
        return with_headlines({"visible": {"most_points_off": float(self._off.max())}}, self.headlines())

    def statistics(self) -> list[Statistic]:
        """See `Scores`."""
        return [Statistic("points_off", "mean", self._off)]

    def panels(self) -> dict[str, str]:
        """See `Scores`."""
        return {"points_off": "Points off"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """See `Scores`."""
        return {self.error: self._off}

    def drawings(self, scene: Scene) -> Drawings:
        """See `Scores`."""
        return {}


class VisibleEvaluation(HeadEvaluation):
    """See `HeadEvaluation`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """See `HeadEvaluation`."""
        return [VisibleScores(answers.truth, answers.predictions["visible"])]


EVALUATION = VisibleEvaluation()
