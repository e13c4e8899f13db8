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

    The last is the mean negative log-likelihood of the true class, each class counting alike: few images and a rare
    class make accuracy and F1 jump, this moves smoothly.
    """

    def __init__(self, kinds: int) -> None:
        self._kinds = kinds
        self._probabilities: list[Tensor] = []
        self._classes: list[Tensor] = []

    def add(self, found: Predictions, batch: Batch) -> None:
        """See `HeadFigures`."""
        known = batch.classes != _UNKNOWN
        self._probabilities.append(found["probabilities"][known].double().cpu())
        self._classes.append(batch.classes[known].cpu())

    def figures(self) -> dict[str, float]:
        """See the class."""
        probabilities, classes = torch.cat(self._probabilities), torch.cat(self._classes)
        said = probabilities.argmax(dim=1)
        lost = -probabilities[torch.arange(len(classes)), classes].clamp_min(_TINY).log()
        each = [lost[classes == kind].mean() for kind in range(self._kinds) if (classes == kind).any()]
        macro = f1_score(classes, said, labels=range(self._kinds), average="macro", zero_division=0.0)
        return {
            "val_accuracy": float((said == classes).double().mean()),
            "val_macro_f1": float(macro),
            "val_class_nll": float(torch.stack(each).mean()) if each else float("nan"),
        }


class ClassTraining(HeadTraining[Classifier]):
    """Loss `class`: cross-entropy, mean over images, by the weights of their classes where asked for."""

    shown = ("val_accuracy",)

    def losses(
        self, network: Classifier, raw: dict[str, Tensor], batch: Batch, settings: TrainSettings
    ) -> dict[str, Tensor]:
        """See `HeadTraining`."""
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
        """See `HeadTraining`."""
        return {"class": 1.0}

    def new_figures(self, network: Network) -> HeadFigures:
        """See `HeadTraining`."""
        return ClassFigures(len(network.problem.classes))

    def finish(self, network: Classifier, val: Arrays) -> None:
        """Calibrate its probabilities."""
        calibrate(network, val)

    def score(self, row: Row) -> float:
        """The mean negative log-likelihood, each class counting alike."""
        return float(row["val_class_nll"])


TRAINING = ClassTraining()
