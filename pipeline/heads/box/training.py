"""Training of the box head."""

import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from pipeline.heads.arrays import Batch
from pipeline.heads.losses import HEAD_LOSSES
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.network import KeypointNetwork, Network, Predictions
from pipeline.train.settings import TrainSettings


class BoxFigures(HeadFigures):
    """`val_box_iou`: mean overlap with the true box; `val_box_rmse_px`: of x, y, width and height, input pixels."""

    def __init__(self) -> None:
        self._ious: list[Tensor] = []
        self._squares: list[Tensor] = []

    def add(self, predictions: Predictions, batch: Batch) -> None:
        """Add overlap and squared coordinate errors of a batch."""
        corners = [box_convert(b.float(), "xywh", "xyxy") for b in (predictions["boxes"], batch.boxes)]
        self._ious.append(torch.diagonal(box_iou(*corners)).cpu())
        self._squares.append((predictions["boxes"].float() - batch.boxes).square().cpu())

    def figures(self) -> dict[str, float]:
        """Means over all batches."""
        return {
            "val_box_iou": float(torch.cat(self._ious).double().mean()),
            "val_box_rmse_px": float(torch.cat(self._squares).double().mean().sqrt()),
        }


class BoxTraining(HeadTraining[KeypointNetwork]):
    """Loss `box`, a mean over images."""

    progress_figures = ("val_box_iou",)

    def losses(
        self, network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """The loss named by `losses.box`."""
        return {"box": HEAD_LOSSES["box"][settings.losses.box](network, raw, batch)}

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """`train.box_weight`."""
        return {"box": settings.box_weight}

    def new_figures(self, network: Network) -> HeadFigures:
        """Overlap and RMSE of boxes."""
        return BoxFigures()

    def score(self, row: Row) -> float:
        """1 - IoU."""
        return 1 - float(row["val_box_iou"])


TRAINING = BoxTraining()
