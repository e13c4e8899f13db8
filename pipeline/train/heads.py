"""Losses and validation figures of all heads of a network in training."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pipeline.heads import HEADS, heads_of
from pipeline.heads.arrays import Arrays, Batch
from pipeline.heads.training import Row, training_of
from pipeline.models.network import Network
from pipeline.train.settings import TrainSettings
from pipeline.train.shards import Shards, whole

_DEFAULTS = TrainSettings()


def head_losses(
    network: Network,
    raw: dict[str, Tensor],
    batch: Batch,
    heads: tuple[str, ...],
    settings: TrainSettings = _DEFAULTS,
) -> dict[str, Float[Tensor, ""]]:
    """Losses of the trained heads, by name: the network's own, or those of each head."""
    learning = [training_of(head) for head in heads_of(heads)]
    own = network.own_losses(raw, batch.keypoints, batch.visibility, batch.boxes)
    if own:
        names = {name for head in learning for name in head.weights(settings)}
        return {name: loss for name, loss in own.items() if name in names}
    named = [head.losses(network, raw, batch, settings) for head in learning]
    return {name: loss for losses in named for name, loss in losses.items()}


def total_loss(losses: dict[str, Tensor], settings: TrainSettings) -> Float[Tensor, ""]:
    """Weighted sum of the losses; a single loss has the weight 1."""
    if len(losses) == 1:
        return next(iter(losses.values()))
    every = [training_of(head).weights(settings) for head in HEADS.values()]
    weights = {name: weight for own in every for name, weight in own.items()}
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def score_of(row: Row, early: bool = False) -> float:
    """The score that training and search minimise: the score of the first trained head.

    Args:
        row: An epoch's row of history.
        early: True for the short trials of a search.
    """
    head = training_of(heads_of(str(row["heads"]).split("+"))[0])
    return head.early_score(row) if early else head.score(row)


def headlines(row: Row) -> dict[str, float | int | str]:
    """The part of an epoch's row for a progress bar: the loss, some figures of each head, and the learning rate."""
    figures = [name for head in HEADS.values() for name in training_of(head).progress_figures]
    return {name: row[name] for name in ("loss", *figures, "lr") if name in row}


def finish(network: Network, val: Arrays) -> None:
    """Finish the heads of a trained network, for instance calibrate probabilities."""
    for head in heads_of(network.heads):
        training_of(head).finish(network, val)


def predict(network: Network, pixels: UInt8[Tensor, "N H W C"]) -> dict[str, Tensor]:
    """Predict images in full precision, like a consumer."""
    with torch.inference_mode(), torch.autocast(pixels.device.type, enabled=False):
        return network.predict(pixels)


class Validation:
    """Errors of a network over the validation split.

    Args:
        network: The network; its mode is not changed.
    """

    def __init__(self, network: Network) -> None:
        self.network, self._shards = network, Shards.here()
        self.reset()

    def reset(self) -> None:
        """Remove all batches."""
        self._figures = [training_of(head).new_figures(self.network) for head in heads_of(self.network.heads)]

    def add(self, batch: Batch, predictions: dict[str, Tensor]) -> None:
        """Add the errors of what `predict` returned for a batch."""
        predictions, batch = whole(predictions, batch, self._shards)
        for figures in self._figures:
            figures.add(predictions, batch)

    def figures(self) -> dict[str, float]:
        """Figures of every head over all batches since the last reset."""
        return {name: value for figures in self._figures for name, value in figures.figures().items()}
