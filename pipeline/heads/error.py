"""What every head's answers are judged by: an error of each case, and the one number over all cases."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.head import Facet
from pipeline.scoring.case_table import Cases
from pipeline.scoring.score import Score


class CaseErrors(NamedTuple):
    """The error of each case.

    Attributes:
        error: Of each case; inf where the prediction is not finite, NaN where the truth is unknown.
        weights: Of each case in the score; 0 where its truth is unknown.
    """

    error: Float[np.ndarray, "N"]
    weights: Float[np.ndarray, "N"]

    @property
    def broken(self) -> Bool[np.ndarray, "N"]:
        """Cases whose answer is no number."""
        return np.isinf(self.error)


class ErrorMetric(Facet, ABC):
    """A head's error metric: report, gates, MLflow and terminal show its `score`.

    Attributes:
        metric: Where the score stands in metrics.json: `GROUP/NAME`.
        title: What it is, for a person.
        unit: As written after a number.
        pooling: Over what the score is taken, and how.
        power: The score is the weighted power mean of the cases' errors: 2 for a root mean square, 1 for a mean.
    """

    modules = "pipeline.heads.*.error"

    metric: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str]
    pooling: ClassVar[str]
    power: ClassVar[int] = 1

    @abstractmethod
    def errors(self, cases: Cases) -> CaseErrors:
        """The error of each case."""

    @abstractmethod
    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """What a package said of each image, as `Cases.answers` holds it."""

    @property
    def name(self) -> str:
        """Of the score within its group: `rmse_px`."""
        return self.metric.rpartition("/")[2]

    def tolerance(self, cases: int, parity_px: float) -> float:
        """How far the score of a package may be from its network's: `parity_px`, or one case of a share of cases."""
        return parity_px if self.unit == " px" else 100 / cases

    def score(self, cases: Cases) -> Score:
        """The one number over all cases."""
        return self.score_of(self.errors(cases))

    def score_of(self, errors: CaseErrors, which: Bool[np.ndarray, "N"] | None = None) -> Score:
        """The same of errors that are known already, of some of the cases only where `which` is given."""
        chosen = (errors.weights > 0) & (True if which is None else which)
        value = float("nan")
        if chosen.any():
            powers = errors.error[chosen] ** self.power
            value = float(np.average(powers, weights=errors.weights[chosen]) ** (1 / self.power))
        return Score(self.metric, self.title, value, self.unit, self.pooling)
