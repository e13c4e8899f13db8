"""Training of the detector's head."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_convert

from pipeline.heads.arrays import Batch
from pipeline.heads.detections.precision import Objects, detection_precision
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.anchors import BACKGROUND, match, offsets_of
from pipeline.models.detector import Detector
from pipeline.models.network import Network, Predictions
from pipeline.train.settings import TrainSettings


class DetectionFigures(HeadFigures):
    """`val_ap`, `val_ap50`: COCO's average precision at the network's own scale; `val_ap_loss`: 1 - AP."""

    def __init__(self, class_count: int) -> None:
        self._class_count = class_count
        self._predicted: list[Objects] = []
        self._true: list[Objects] = []

    def add(self, predictions: Predictions, batch: Batch) -> None:
        """Add predicted and true instances of a batch."""
        self._predicted += [rows[rows[:, 5] > 0].double().cpu().numpy() for rows in predictions["objects"]]
        self._true += [rows[rows.isfinite().all(dim=1)].double().cpu().numpy() for rows in batch.objects]

    def figures(self) -> dict[str, float]:
        """Average precision over all batches."""
        precision = detection_precision(self._true, self._predicted, self._class_count)
        return {"val_ap": precision["ap"], "val_ap50": precision["ap50"], "val_ap_loss": 1 - precision["ap"]}


class DetectionTraining(HeadTraining[Detector]):
    """Losses `objectness`, `kind` and `offsets`: sums over anchors divided by the number of positive anchors.

    Objectness is summed over the positive anchors and, for each of them, some hard negatives, the background anchors
    with the largest loss: most of the background is easy and would dominate the loss.
    """

    progress_figures = ("val_ap50",)

    def losses(
        self, network: Detector, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """Match anchors with the labelled boxes of each image and sum the losses."""
        own = network.settings
        sums = {name: raw["objectness"].new_zeros(()) for name in ("objectness", "kind", "offsets")}
        positive_count = 0
        for image, rows in enumerate(batch.objects):
            known = rows[rows.isfinite().all(dim=1)]
            corners = box_convert(known[:, :4], "xywh", "xyxy")
            assigned = match(network.anchors, corners, own.positive_iou, own.negative_iou)
            positive = assigned >= 0
            positive_count += int(positive.sum())
            sums["objectness"] = sums["objectness"] + _objectness(
                raw["objectness"][image],
                assigned,
                own.negatives,
            )
            if positive.any():
                target = offsets_of(network.anchors[positive], corners[assigned[positive]])
                sums["offsets"] = sums["offsets"] + functional.smooth_l1_loss(
                    raw["offsets"][image, positive], target, reduction="sum"
                )
                classes = known[assigned[positive], 4].long()
                sums["kind"] = sums["kind"] + functional.cross_entropy(
                    raw["kind"][image, positive], classes, reduction="sum"
                )
        return {name: total / max(positive_count, 1) for name, total in sums.items()}

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """1 for each loss."""
        return {"objectness": 1.0, "kind": 1.0, "offsets": 1.0}

    def new_figures(self, network: Network) -> HeadFigures:
        """Average precision."""
        return DetectionFigures(len(network.problem.categories))

    def score(self, row: Row) -> float:
        """1 - AP."""
        return float(row["val_ap_loss"])


TRAINING = DetectionTraining()


def _objectness(logits: Float[Tensor, " A"], assigned: Int[Tensor, " A"], negatives: float) -> Float[Tensor, ""]:
    """Binary cross-entropy summed over the positive anchors and the hard negatives.

    Args:
        logits: Objectness of each anchor.
        assigned: Index of the box assigned to each anchor, negative if none (pipeline/models/anchors.py).
        negatives: Number of hard negatives per positive anchor.
    """
    positive = assigned >= 0
    losses = functional.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
    count = max(int(negatives * int(positive.sum())), 1)
    background = torch.where(assigned == BACKGROUND, losses, torch.zeros_like(losses))
    return losses[positive].sum() + background.topk(min(count, len(background))).values.sum()
