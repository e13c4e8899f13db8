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
    points whose visibility is predicted correctly.
    """

    def __init__(self) -> None:
        self._errors: list[Tensor] = []
        self._visibility_right: list[Tensor] = []

    def add(self, predictions: Predictions, batch: Batch) -> None:
        """Add errors of labelled points, and whether the visibility of all points is predicted correctly."""
        self._errors.append((predictions["keypoints"] - batch.keypoints)[batch.visibility > 0].cpu())
        right = (predictions["confidence"] >= 0.5) == (batch.visibility == VISIBLE)
        self._visibility_right.append(right.flatten().float().cpu())

    def figures(self) -> dict[str, float]:
        """Figures over all batches; NaN for errors if no point is labelled."""
        errors = torch.cat(self._errors).double().numpy()
        distances = np.hypot(errors[:, 0], errors[:, 1])
        return {
            "val_rmse_px": float(np.sqrt((errors**2).mean())) if len(errors) else float("nan"),
            "val_median_px": float(np.median(distances)) if len(errors) else float("nan"),
            "val_presence": float(torch.cat(self._visibility_right).double().mean()),
        }


class KeypointTraining(HeadTraining[KeypointNetwork]):
    """Losses `keypoints`, a mean over labelled points including hidden ones, and `presence`, of the visibility."""

    progress_figures = ("val_rmse_px",)

    def losses(
        self, network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """The loss named by `losses.keypoints`, and the binary cross-entropy of visibility, a mean over all points.

        With `train.visible_within_px`, a visible keypoint whose prediction is further off counts as not visible, so
        that the confidence is the probability that the keypoint is where it is predicted.
        """
        visible = batch.visibility == VISIBLE
        if (limit := settings.visible_within_px) is not None:
            away = torch.linalg.vector_norm(network.read_points(raw).detach().float() - batch.keypoints, dim=-1)
            visible = visible & (away < limit)
        return {
            "keypoints": HEAD_LOSSES["keypoints"][settings.losses.keypoints](network, raw, batch),
            "presence": functional.binary_cross_entropy_with_logits(raw["presence"].float(), visible.float()),
        }

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """1 for the keypoints, `train.visibility_weight` for the visibility."""
        return {"keypoints": 1.0, "presence": settings.visibility_weight}

    def new_figures(self, network: Network) -> HeadFigures:
        """Errors and visibility of keypoints."""
        return KeypointFigures()

    def score(self, row: Row) -> float:
        """RMSE in pixels."""
        return float(row["val_rmse_px"])

    def early_score(self, row: Row) -> float:
        """The median distance.

        After a short trial some points are still confused, for instance with those of the other leg. The RMSE then
        depends on their number, which is chance; the median shows how well the network learns.
        """
        return float(row["val_median_px"])


TRAINING = KeypointTraining()
