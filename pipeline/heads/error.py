"""The error metric of a head: an error of each case, and one score over all cases."""

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
        weights: Weight of each case in the score; 0 where the truth is unknown.
    """

    error: Float[np.ndarray, "N"]
    weights: Float[np.ndarray, "N"]


class ErrorMetric(Facet, ABC):
    """A head's error metric: report, gates, MLflow and terminal show its `score`.

    Attributes:
        metric: Place of the score in metrics.json: `GROUP/NAME`.
        title: Name of the metric in messages and tables.
        unit: Text that follows the number, for instance ` px`.
        pooling: How the errors are pooled, and over which cases.
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
        """Predictions of a package, one for each image, as arrays for `Cases.answers`."""

    @property
    def name(self) -> str:
        """Name of the score within its group, for instance `rmse_px`."""
        return self.metric.rpartition("/")[2]

    def tolerance(self, cases: int, parity_px: float) -> float:
        """Largest allowed difference of the scores of package and network: `parity_px`, or the share of one case."""
        return parity_px if self.unit == " px" else 100 / cases

    def score(self, cases: Cases) -> Score:
        """The score over all cases."""
        return self.score_of(self.errors(cases))

    def score_of(self, errors: CaseErrors, mask: Bool[np.ndarray, "N"] | None = None) -> Score:
        """The score of errors that are already computed; `mask` selects some of the cases."""
        chosen = (errors.weights > 0) & (True if mask is None else mask)
        value = float("nan")
        if chosen.any():
            powers = errors.error[chosen] ** self.power
            value = float(np.average(powers, weights=errors.weights[chosen]) ** (1 / self.power))
        return Score(self.metric, self.title, value, self.unit, self.pooling)
