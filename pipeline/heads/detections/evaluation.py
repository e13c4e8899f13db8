"""The detector's answers."""

from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.heads.detections import figures as detection_figures
from pipeline.heads.detections.error import ERROR, labelled, taken
from pipeline.heads.detections.matching import Counted, counted, found_by_scale
from pipeline.heads.detections.precision import Objects, class_precision, detection_precision
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    Groups,
    HeadEvaluation,
    Scene,
    Scores,
    Statistic,
    with_headlines,
)
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Score


class DetectionScores(Scores):
    """See `Scores`.

    Args:
        truth: The split.
        objects: What the network says, input pixels; score 0 beyond the last.
        kinds: Names of the classes.
        threshold: Score below which a consumer takes an answer for none.
    """

    error: ClassVar[str] = "one_minus_f1"
    unit: ClassVar[str] = ""
    history: ClassVar[str] = "val_ap_loss"
    history_title: ClassVar[str] = "Validation: 1 - AP"

    def __init__(
        self, truth: Truth, objects: Float[np.ndarray, "N D 7"], kinds: tuple[str, ...], threshold: float
    ) -> None:
        assert truth.objects is not None
        self.cases = truth.cases({"objects": truth.objects_in_original(objects)}, threshold)
        self.true: list[Objects] = [labelled(rows) for rows in self.cases.truth["objects"]]
        self.found: list[Objects] = [taken(rows, 0.0) for rows in self.cases.answers["objects"]]
        self.answers: list[Objects] = [taken(rows, threshold) for rows in self.found]
        self._kinds = kinds
        self._truth = truth
        self._counted: list[Counted] = [counted(t, a) for t, a in zip(self.true, self.answers, strict=True)]

    @cached_property
    def _precision(self) -> dict[str, float]:
        return detection_precision(self.true, self.found, len(self._kinds))

    def headlines(self) -> list[Score]:
        """1 - F1, and the average precision."""
        pooling = "COCO's, mean over classes and IoU 0.50 to 0.95, of all instances"
        return [ERROR.score(self.cases), Score("detections/ap", "AP", self._precision["ap"], "", pooling)]

    def groups(self) -> Groups:
        """`detections`, `detections_NAME` of each class (original pixels), and `scales`: who found what."""
        whole = dict(self._precision)
        right = sum(c.right for c in self._counted)
        there, said = sum(map(len, self.true)), sum(map(len, self.answers))
        whole |= {
            "instances": there,
            "answers": said,
            "precision": right / said if said else float("nan"),
            "recall": right / there if there else float("nan"),
            "f1": 2 * right / (said + there) if said + there else float("nan"),
        }
        groups: Groups = {"detections": whole}
        for kind, own in zip(self._kinds, class_precision(self.true, self.found, len(self._kinds)), strict=True):
            groups[f"detections_{kind}"] = own
        table = found_by_scale(self._counted, len(self._kinds))
        groups["scales"] = {
            f"{kind}_found_by_scale_{scale + 1}": int(table[number, scale])
            for number, kind in enumerate(self._kinds)
            for scale in range(table.shape[1])
        }
        return with_headlines(groups, self.headlines())

    def statistics(self) -> list[Statistic]:
        """See `Scores`."""
        return [Statistic("one_minus_f1_percent", "mean", 100 * np.array([c.loss for c in self._counted]))]

    def panels(self) -> dict[str, str]:
        """See `Scores`."""
        return {"one_minus_f1_percent": "1 - F1 of an image (%)"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """one_minus_f1, instances, answers, right: at IoU 0.5 and the consumer's threshold."""
        return {
            self.error: np.array([c.loss for c in self._counted]),
            "instances": np.array([len(rows) for rows in self.true]),
            "answers": np.array([len(rows) for rows in self.answers]),
            "right": np.array([c.right for c in self._counted]),
        }

    def drawings(self, scene: Scene) -> Drawings:
        """See `Scores`."""
        precision = class_precision(self.true, self.found, len(self._kinds))
        loss = np.array([c.loss for c in self._counted])
        assert self._truth.objects is not None
        inside = self._truth.objects
        return {
            "detection_sheet": lambda path: detection_figures.draw_sheet(
                scene, self.true, self.answers, loss, self._kinds, path
            ),
            "precision": lambda path: detection_figures.draw_precision(precision, self._kinds, path),
            "scales": lambda path: detection_figures.draw_scales(
                found_by_scale(self._counted, len(self._kinds)), self._kinds, path
            ),
            "coverage": lambda path: detection_figures.draw_coverage(scene.network, inside, self._kinds, path),
            "activation": lambda path: detection_figures.draw_activation(scene.network, scene.pixels[0], path),
        }


class DetectionEvaluation(HeadEvaluation):
    """See `HeadEvaluation`."""

    def scores(self, answers: Answers) -> list[Scores]:
        """See `HeadEvaluation`."""
        objects, categories = answers.predictions["objects"], answers.problem.kinds
        return [DetectionScores(answers.truth, objects, categories, answers.threshold)]


EVALUATION = DetectionEvaluation()
