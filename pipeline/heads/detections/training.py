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

    def __init__(self, kinds: int) -> None:
        self._kinds = kinds
        self._found: list[Objects] = []
        self._true: list[Objects] = []

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        self._found += [rows[rows[:, 5] > 0].double().cpu().numpy() for rows in found["objects"]]
        self._true += [rows[rows.isfinite().all(dim=1)].double().cpu().numpy() for rows in batch.objects]

    def figures(self) -> dict[str, float]:
        """See the class."""
        precision = detection_precision(self._true, self._found, self._kinds)
        return {"val_ap": precision["ap"], "val_ap50": precision["ap50"], "val_ap_loss": 1 - precision["ap"]}


class DetectionTraining(HeadTraining[Detector]):
    """Losses `objectness`, `kind` and `offsets`, sums over anchors by the number of those that are to find something.

    Objectness counts these and, for each of them, some of the background that the network is most wrong about: most of
    the background is easy, and would drown the rest.
    """

    shown = ("val_ap50",)

    def losses(
        self, network: Detector, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """See `HeadTraining`."""
        own = network.settings
        sums = {name: raw["objectness"].new_zeros(()) for name in ("objectness", "kind", "offsets")}
        positives = 0
        for number, rows in enumerate(batch.objects):
            known = rows[rows.isfinite().all(dim=1)]
            corners = box_convert(known[:, :4], "xywh", "xyxy")
            which = match(network.anchors, corners, own.positive_iou, own.negative_iou)
            positive = which >= 0
            positives += int(positive.sum())
            sums["objectness"] = sums["objectness"] + _objectness(
                raw["objectness"][number],
                which,
                own.negatives,
            )
            if positive.any():
                target = offsets_of(network.anchors[positive], corners[which[positive]])
                sums["offsets"] = sums["offsets"] + functional.smooth_l1_loss(
                    raw["offsets"][number, positive], target, reduction="sum"
                )
                kinds = known[which[positive], 4].long()
                sums["kind"] = sums["kind"] + functional.cross_entropy(
                    raw["kind"][number, positive], kinds, reduction="sum"
                )
        return {name: total / max(positives, 1) for name, total in sums.items()}

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """See `HeadTraining`."""
        return {"objectness": 1.0, "kind": 1.0, "offsets": 1.0}

    def new_figures(self, network: Network) -> HeadFigures:
        """See `HeadTraining`."""
        return DetectionFigures(len(network.problem.categories))

    def score(self, row: Row) -> float:
        """1 - AP."""
        return float(row["val_ap_loss"])


TRAINING = DetectionTraining()


def _objectness(logits: Float[Tensor, " A"], which: Int[Tensor, " A"], negatives: float) -> Float[Tensor, ""]:
    """Binary cross-entropy over what is to find something and the hardest background, summed."""
    positive = which >= 0
    wrong = functional.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
    count = max(int(negatives * int(positive.sum())), 1)
    background = torch.where(which == BACKGROUND, wrong, torch.zeros_like(wrong))
    return wrong[positive].sum() + background.topk(min(count, len(background))).values.sum()
