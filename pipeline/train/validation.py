"""Validation figures of one epoch, accumulated batch by batch."""

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from pipeline.models.network import KeypointNetwork
from pipeline.train.data import Batch
from pipeline.train.losses import VISIBLE


class Validation:
    """Errors of a network over the validation split.

    Args:
        network: Predicts, in whatever mode it is.
    """

    def __init__(self, network: KeypointNetwork) -> None:
        self.network = network
        self.reset()

    def reset(self) -> None:
        """Forget every batch."""
        self._errors: list[Tensor] = []
        self._ious: list[Tensor] = []
        self._presence_right: list[Tensor] = []

    def add(self, batch: Batch) -> None:
        """Predict a batch in full precision, as a consumer will, and keep its errors."""
        with torch.autocast(batch.pixels.device.type, enabled=False):
            found = self.network.predict(batch.pixels)
        labelled = batch.visibility > 0
        self._errors.append((found.keypoints - batch.keypoints)[labelled].cpu())
        corners = [box_convert(b.float(), "xywh", "xyxy") for b in (found.boxes, batch.boxes)]
        self._ious.append(torch.diagonal(box_iou(*corners)).cpu())
        right = (found.confidence >= 0.5) == (batch.visibility == VISIBLE)
        self._presence_right.append(right.flatten().float().cpu())

    def figures(self) -> dict[str, float]:
        """Figures over all batches since the last reset.

        Returns:
            `val_rmse_px`: root of the mean squared coordinate error, input pixels; `val_median_px`: median distance;
            `val_box_iou`: mean; `val_presence`: share of points whose visibility is told rightly.
        """
        errors = torch.cat(self._errors).double().numpy()
        distances = np.hypot(errors[:, 0], errors[:, 1])
        return {
            "val_rmse_px": float(np.sqrt((errors**2).mean())) if len(errors) else float("nan"),
            "val_median_px": float(np.median(distances)) if len(errors) else float("nan"),
            "val_box_iou": float(torch.cat(self._ious).double().mean()),
            "val_presence": float(torch.cat(self._presence_right).double().mean()),
        }
