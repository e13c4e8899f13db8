"""Training of the toy head."""

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.heads.arrays import Batch
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.network import Network, Predictions
from pipeline.train.settings import TrainSettings


class VisibleFigures(HeadFigures):
    """`val_points_off`: mean absolute error."""

    def __init__(self) -> None:
        self._errors: list[Tensor] = []

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        self._errors.append((found["visible"] - _visible(batch)).abs())

    def figures(self) -> dict[str, float]:
        """See the class."""
        return {"val_points_off": float(torch.cat(self._errors).mean())}


class VisibleTraining(HeadTraining[Network]):
    """Loss `visible`: mean squared error."""

    progress_figures = ("val_points_off",)

    def losses(
        self, network: Network, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """See `HeadTraining`."""
        return {"visible": functional.mse_loss(raw["visible"], _visible(batch))}

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """See `HeadTraining`."""
        return {"visible": 1.0}

    def new_figures(self, network: Network) -> HeadFigures:
        """See `HeadTraining`."""
        return VisibleFigures()

    def score(self, row: Row) -> float:
        """The mean absolute error."""
        return float(row["val_points_off"])


def _visible(batch: Batch) -> Tensor:
    return (batch.visibility == 2).sum(dim=1).float()


TRAINING = VisibleTraining()
