"""Training of the keypoint head."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.heads.arrays import Batch
from pipeline.heads.losses import HEAD_LOSSES
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.network import KeypointNetwork, Network, Predictions
from pipeline.train.settings import TrainSettings

VISIBLE = 2


class KeypointFigures(HeadFigures):
    """`val_rmse_px` and `val_median_px` of labelled points, and `val_presence`.

    They are the root of the mean squared coordinate error and the median distance, in input pixels, and the share of
    points whose visibility is told rightly.
    """

    def __init__(self) -> None:
        self._errors: list[Tensor] = []
        self._presence_right: list[Tensor] = []

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        self._errors.append((found["keypoints"] - batch.keypoints)[batch.visibility > 0].cpu())
        right = (found["confidence"] >= 0.5) == (batch.visibility == VISIBLE)
        self._presence_right.append(right.flatten().float().cpu())

    def figures(self) -> dict[str, float]:
        """See the class."""
        errors = torch.cat(self._errors).double().numpy()
        distances = np.hypot(errors[:, 0], errors[:, 1])
        return {
            "val_rmse_px": float(np.sqrt((errors**2).mean())) if len(errors) else float("nan"),
            "val_median_px": float(np.median(distances)) if len(errors) else float("nan"),
            "val_presence": float(torch.cat(self._presence_right).double().mean()),
        }


class KeypointTraining(HeadTraining[KeypointNetwork]):
    """Losses `keypoints`: mean over labelled points, hidden ones too; `presence`: whether a point is visible."""

    shown = ("val_rmse_px",)

    def losses(
        self, network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """See `HeadTraining`; presence is binary cross-entropy, mean over all points."""
        visible = (batch.visibility == VISIBLE).float()
        return {
            "keypoints": HEAD_LOSSES["keypoints"][settings.losses.keypoints](network, raw, batch),
            "presence": functional.binary_cross_entropy_with_logits(raw["presence"].float(), visible),
        }

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """See `HeadTraining`."""
        return {"keypoints": 1.0, "presence": settings.visibility_weight}

    def new_figures(self, network: Network) -> HeadFigures:
        """See `HeadTraining`."""
        return KeypointFigures()

    def score(self, row: Row) -> float:
        """RMSE in pixels."""
        return float(row["val_rmse_px"])

    def early_score(self, row: Row) -> float:
        """The median distance.

        A short trial has not found every point yet. Its RMSE says how many it mistook for something on the other leg,
        which is chance; its median says how well it learns.
        """
        return float(row["val_median_px"])


TRAINING = KeypointTraining()
