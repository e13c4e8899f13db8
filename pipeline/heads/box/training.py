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

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        corners = [box_convert(b.float(), "xywh", "xyxy") for b in (found["boxes"], batch.boxes)]
        self._ious.append(torch.diagonal(box_iou(*corners)).cpu())
        self._squares.append((found["boxes"].float() - batch.boxes).square().cpu())

    def figures(self) -> dict[str, float]:
        """See the class."""
        return {
            "val_box_iou": float(torch.cat(self._ious).double().mean()),
            "val_box_rmse_px": float(torch.cat(self._squares).double().mean().sqrt()),
        }


class BoxTraining(HeadTraining[KeypointNetwork]):
    """Loss `box`: mean over images."""

    shown = ("val_box_iou",)

    def losses(
        self, network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """See `HeadTraining`."""
        return {"box": HEAD_LOSSES["box"][settings.losses.box](network, raw, batch)}

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """See `HeadTraining`."""
        return {"box": settings.box_weight}

    def new_figures(self, network: Network) -> HeadFigures:
        """See `HeadTraining`."""
        return BoxFigures()

    def score(self, row: Row) -> float:
        """1 - IoU."""
        return 1 - float(row["val_box_iou"])


TRAINING = BoxTraining()
