"""The training facet of a head: its losses, their weights, its validation figures and the score that is minimised."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from pipeline.heads.arrays import Arrays, Batch
from pipeline.heads.head import Facet, Head
from pipeline.models.network import Network, Predictions
from pipeline.train.settings import TrainSettings

Row = dict[str, float | int | str]
Net = TypeVar("Net", bound=Network)


class HeadFigures(ABC):
    """The validation figures of one head, accumulated over batches."""

    @abstractmethod
    def add(self, predictions: Predictions, batch: Batch) -> None:
        """Add the errors of a batch."""

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """Figures over all batches."""


class HeadTraining(Facet, ABC, Generic[Net]):
    """One head in training."""

    modules = "pipeline.heads.*.training"

    progress_figures: ClassVar[tuple[str, ...]]
    """Names of its figures that a progress bar shows."""

    @abstractmethod
    def losses(self, network: Net, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings) -> dict[str, Tensor]:
        """The losses by name, each a mean; 0 if nothing in the batch is labelled.

        Args:
            network: The network; its codecs compare outputs with labels.
            raw: Raw outputs of the network.
            batch: Images and labels.
            settings: Names and options of the losses.
        """

    @abstractmethod
    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """The weight of each loss, by name, used if several losses are summed."""

    @abstractmethod
    def new_figures(self, network: Network) -> HeadFigures:
        """Empty figures for a new epoch."""

    def finish(self, network: Net, val: Arrays) -> None:
        """Finish a trained network, on the CPU and in evaluation mode; most heads do nothing."""
        return

    @abstractmethod
    def score(self, row: Row) -> float:
        """The score that training minimises, from an epoch's row of history."""

    def early_score(self, row: Row) -> float:
        """The score that a search minimises in its short trials."""
        return self.score(row)


def training_of(head: Head) -> HeadTraining[Any]:
    """The training facet of a head, for networks that have the head."""
    training: HeadTraining[Any] = HeadTraining.of(head)
    return training
