"""What training knows of every head: its losses, their weights, its validation figures, and what is made small."""

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
    """The figures of one head over a split."""

    @abstractmethod
    def add(self, found: Predictions, batch: Batch) -> None:
        """Keep the errors of a batch."""

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """Figures over all batches."""


class HeadTraining(Facet, ABC, Generic[Net]):
    """One head in training."""

    modules = "pipeline.heads.*.training"

    shown: ClassVar[tuple[str, ...]]
    """Its figures that a progress bar shows."""

    @abstractmethod
    def losses(self, network: Net, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings) -> dict[str, Tensor]:
        """Its losses by name, each a mean; 0 where nothing in the batch counts.

        Args:
            network: Whose codecs compare output and labels.
            raw: Its raw outputs.
            batch: Images and labels.
            settings: Which loss is meant, and how.
        """

    @abstractmethod
    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """Of each of its losses, by name, where several heads learn together."""

    @abstractmethod
    def new_figures(self, network: Network) -> HeadFigures:
        """Figures of an epoch, of nothing yet."""

    def finish(self, network: Net, val: Arrays) -> None:
        """What is still to be done with a trained network, on the CPU and in evaluation mode; most need nothing."""
        return

    @abstractmethod
    def score(self, row: Row) -> float:
        """What training makes small, from an epoch's row of history."""

    def early_score(self, row: Row) -> float:
        """What a search makes small in its short trials."""
        return self.score(row)


def training_of(head: Head) -> HeadTraining[Any]:
    """What training needs of a head; for the kind of network that has it."""
    training: HeadTraining[Any] = HeadTraining.of(head)
    return training
