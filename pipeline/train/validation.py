"""Validation figures of one epoch, accumulated batch by batch, for each head that the network has."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from pipeline.models.network import KeypointNetwork, Predictions
from pipeline.train.data import Batch
from pipeline.train.losses import VISIBLE


class HeadFigures(ABC):
    """The figures of one head over a split."""

    @abstractmethod
    def add(self, found: Predictions, batch: Batch) -> None:
        """Keep the errors of a batch."""

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """Figures over all batches."""


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
        assert found.keypoints is not None
        assert found.confidence is not None
        self._errors.append((found.keypoints - batch.keypoints)[batch.visibility > 0].cpu())
        right = (found.confidence >= 0.5) == (batch.visibility == VISIBLE)
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


class BoxFigures(HeadFigures):
    """`val_box_iou`: mean overlap with the true box; `val_box_rmse_px`: of x, y, width and height, input pixels."""

    def __init__(self) -> None:
        self._ious: list[Tensor] = []
        self._squares: list[Tensor] = []

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        assert found.boxes is not None
        corners = [box_convert(b.float(), "xywh", "xyxy") for b in (found.boxes, batch.boxes)]
        self._ious.append(torch.diagonal(box_iou(*corners)).cpu())
        self._squares.append((found.boxes.float() - batch.boxes).square().cpu())

    def figures(self) -> dict[str, float]:
        """See the class."""
        return {
            "val_box_iou": float(torch.cat(self._ious).double().mean()),
            "val_box_rmse_px": float(torch.cat(self._squares).double().mean().sqrt()),
        }


FIGURES: dict[str, type[HeadFigures]] = {"keypoints": KeypointFigures, "box": BoxFigures}


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
        self._kept = [kind() for head, kind in FIGURES.items() if head in self.network.heads]

    def add(self, batch: Batch) -> None:
        """Predict a batch in full precision, as a consumer will, and keep its errors."""
        with torch.autocast(batch.pixels.device.type, enabled=False):
            found = self.network.predict(batch.pixels)
        for kept in self._kept:
            kept.add(found, batch)

    def figures(self) -> dict[str, float]:
        """Figures of every head over all batches since the last reset; see `FIGURES`."""
        return {name: value for kept in self._kept for name, value in kept.figures().items()}
