"""Training of the class head."""

import torch
from sklearn.metrics import f1_score
from torch import Tensor
from torch.nn import functional

from pipeline.heads.arrays import Arrays, Batch
from pipeline.heads.classes.calibration import calibrate
from pipeline.heads.training import HeadFigures, HeadTraining, Row
from pipeline.models.classifier import Classifier
from pipeline.models.network import Network, Predictions
from pipeline.train.settings import TrainSettings

_UNKNOWN = -1
_TINY = 1e-7


class ClassFigures(HeadFigures):
    """`val_accuracy`, `val_macro_f1`, and `val_class_nll`.

    `val_class_nll` is the mean negative log-likelihood of the true class, with equal weight for each class. It changes
    smoothly, whereas accuracy and F1 jump where images are few or a class is rare.
    """

    def __init__(self, class_count: int) -> None:
        self._class_count = class_count
        self._probabilities: list[Tensor] = []
        self._classes: list[Tensor] = []

    def add(self, predictions: Predictions, batch: Batch) -> None:
        """Add probabilities and classes of the images that have a class."""
        known = batch.classes != _UNKNOWN
        self._probabilities.append(predictions["probabilities"][known].double().cpu())
        self._classes.append(batch.classes[known].cpu())

    def figures(self) -> dict[str, float]:
        """Figures over all batches."""
        probabilities, classes = torch.cat(self._probabilities), torch.cat(self._classes)
        predicted = probabilities.argmax(dim=1)
        losses = -probabilities[torch.arange(len(classes)), classes].clamp_min(_TINY).log()
        means = [
            losses[classes == category].mean() for category in range(self._class_count) if (classes == category).any()
        ]
        macro = f1_score(classes, predicted, labels=range(self._class_count), average="macro", zero_division=0.0)
        return {
            "val_accuracy": float((predicted == classes).double().mean()),
            "val_macro_f1": float(macro),
            "val_class_nll": float(torch.stack(means).mean()) if means else float("nan"),
        }


class ClassTraining(HeadTraining[Classifier]):
    """Loss `class`: mean cross-entropy over images, optionally weighted by class."""

    progress_figures = ("val_accuracy",)

    def losses(
        self, network: Classifier, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """Cross-entropy with label smoothing; 0 if no image of the batch has a class."""
        balanced = settings.class_weights == "balanced"
        weights = 1 / (len(network.shares) * network.shares.clamp_min(_TINY)) if balanced else None
        if not (batch.classes != _UNKNOWN).any():
            return {"class": raw["class"].sum() * 0}
        return {
            "class": functional.cross_entropy(
                raw["class"], batch.classes, weights, ignore_index=_UNKNOWN, label_smoothing=settings.label_smoothing
            )
        }

    def weights(self, settings: TrainSettings) -> dict[str, float]:
        """1 for the only loss."""
        return {"class": 1.0}

    def new_figures(self, network: Network) -> HeadFigures:
        """Accuracy, F1 and likelihood."""
        return ClassFigures(len(network.problem.classes))

    def finish(self, network: Classifier, val: Arrays) -> None:
        """Calibrate the network's probabilities."""
        calibrate(network, val)

    def score(self, row: Row) -> float:
        """The mean negative log-likelihood with equal weight for each class."""
        return float(row["val_class_nll"])


TRAINING = ClassTraining()
