"""The error metric of the toy head."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Shaped

from heelstrike.heads.prediction import Prediction
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.scoring.case_table import Cases


class VisibleError(ErrorMetric):
    """By how many keypoints the count is wrong; the mean over all images."""

    metric: ClassVar[str] = "visible/points_off"
    title: ClassVar[str] = "miscount"
    unit: ClassVar[str] = " points"
    pooling: ClassVar[str] = "mean over all images"

    def errors(self, cases: Cases) -> CaseErrors:
        """Of each case; inf where the count is no number."""
        visible, counted = np.isfinite(cases.truth["keypoints"]).all(axis=2).sum(axis=1), cases.answers["visible"]
        return CaseErrors(np.where(np.isfinite(counted), np.abs(counted - visible), np.inf), np.ones(len(cases)))

    def answers(self, predictions: Sequence[Prediction]) -> dict[str, Shaped[np.ndarray, "N ..."]]:
        """`visible`."""
        return {"visible": np.array([p.others["visible"] for p in predictions], np.float64)}


ERROR = VisibleError()
