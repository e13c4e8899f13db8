"""What training knows of each head: one file each, one entry each in HEADS."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.heads.arrays import Arrays, Batch
from pipeline.heads.box.training import BoxTraining
from pipeline.heads.classes.training import ClassTraining
from pipeline.heads.detections.training import DetectionTraining
from pipeline.heads.keypoints.training import VISIBLE, KeypointTraining
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.network import Network
from pipeline.train.settings import TrainSettings

HEADS: dict[str, HeadTraining[Any]] = {
    "keypoints": KeypointTraining(),
    "box": BoxTraining(),
    "class": ClassTraining(),
    "detections": DetectionTraining(),
}
"""By name; of several heads that learn, the first one here says which epoch was best."""

_DEFAULTS = TrainSettings()
_HEAD_OF = {"presence": "keypoints"}  # what is learned with a head of another name


def head_losses(
    network: Network,
    raw: dict[str, Tensor],
    batch: Batch,
    heads: tuple[str, ...],
    settings: TrainSettings = _DEFAULTS,
) -> dict[str, Float[Tensor, ""]]:
    """Losses of the heads that learn, by name: the network's own, or each head's `losses`."""
    own = network.own_losses(raw, batch.keypoints, batch.visibility, batch.boxes)
    if own:
        return {name: loss for name, loss in own.items() if _HEAD_OF.get(name, name) in heads}
    named = [HEADS[head].losses(network, raw, batch, settings) for head in HEADS if head in heads]
    return {name: loss for losses in named for name, loss in losses.items()}


def total_loss(losses: dict[str, Tensor], settings: TrainSettings) -> Float[Tensor, ""]:
    """Weighted sum; a loss that is alone has nothing to be weighed against, so its weight is 1."""
    if len(losses) == 1:
        return next(iter(losses.values()))
    weights = {name: weight for head in HEADS.values() for name, weight in head.weights(settings).items()}
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def score_of(row: Row, early: bool = False) -> float:
    """What training and, of a trial's `early` epochs, search make small: the score of the first head that learned."""
    head = next(HEADS[name] for name in HEADS if name in str(row["heads"]).split("+"))
    return head.early_score(row) if early else head.score(row)


def finish(network: Network, val: Arrays) -> None:
    """What the network's heads still need after training; see `HeadTraining.finish`."""
    for name in network.heads:
        HEADS[name].finish(network, val)


class Validation:
    """Errors of a network over the validation split.

    Args:
        network: Predicts, in whatever mode it is.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.reset()

    def reset(self) -> None:
        """Forget every batch."""
        self._kept = [head.new_figures(self.network) for name, head in HEADS.items() if name in self.network.heads]

    def add(self, batch: Batch) -> None:
        """Predict a batch in full precision, as a consumer will, and keep its errors."""
        with torch.autocast(batch.pixels.device.type, enabled=False):
            found = self.network.predict(batch.pixels)
        for kept in self._kept:
            kept.add(found, batch)

    def figures(self) -> dict[str, float]:
        """Figures of every head over all batches since the last reset."""
        return {name: value for kept in self._kept for name, value in kept.figures().items()}


__all__ = [
    "HEADS",
    "VISIBLE",
    "HeadFigures",
    "HeadTraining",
    "Row",
    "Validation",
    "finish",
    "head_losses",
    "score_of",
    "total_loss",
]
