"""What is measured on the keypoints of an exam's images together."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from heelstrike.measure.base import Measurement
from heelstrike.measure.exam import Exam, ExamMeasure, each_exam
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import Drawings, Groups, Scene, Scores, Statistic, ends, with_headlines
from pipeline.heads.keypoints.exam_figures import draw_exams
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.measurement import error_of_exams
from pipeline.scoring.score import Score


class ExamScores(Scores):
    """See `Scores`. An image without an exam is measured together with the other images of its subject.

    Args:
        truth: The split.
        keypoints: Input pixels.
        confidence: In [0, 1].
        measure: What is read off an exam.
        settings: Of the bootstrap.
    """

    error: ClassVar[str] = "exam_error"
    history: ClassVar[str] = "val_rmse_px"

    def __init__(
        self,
        truth: Truth,
        keypoints: Float[np.ndarray, "N K 2"],
        confidence: Float[np.ndarray, "N K"],
        measure: ExamMeasure,
        settings: EvaluateSettings,
    ) -> None:
        self._measure, self._settings, self._count = measure, settings, len(keypoints)
        self.cases = truth.cases({"keypoints": truth.points_in_original(keypoints), "confidence": confidence})
        found = Exam(truth.points_in_original(keypoints), confidence, truth.placement)
        labels = Exam(truth.points_in_original(truth.keypoints), np.ones_like(confidence), truth.placement)
        exams, labelled = each_exam(truth.exams, found), each_exam(truth.exams, labels)
        self._names, self._rows = list(exams), [rows for rows, _ in exams.values()]
        self._subjects = np.array([truth.subjects[rows[0]] for rows in self._rows])
        self._found = np.stack([measure.values(exam) for _, exam in exams.values()])
        self._true = np.stack([measure.values(exam) for _, exam in labelled.values()])
        pairs = zip(self._found, self._true, strict=True)
        self._errors = np.stack([measure.errors(predicted, true) for predicted, true in pairs])
        self.measurements = [measure.measure(exam) for _, exam in exams.values()]

    def measured(self, images: object) -> list[tuple[str, Measurement]]:
        """Each exam by its name."""
        return list(zip(self._names, self.measurements, strict=True))

    def headlines(self) -> list[Score]:
        """The median error of the main kind."""
        return [error_of_exams(self.cases, self._measure).score]

    def groups(self) -> Groups:
        """`exams`: errors over all labelled exams, refused ones included, so that refusing cannot improve them.

        `KIND_median_UNIT` with its interval, `KIND_mean_UNIT` and `KIND_p95_UNIT`, and `KIND_median_measured_UNIT` of
        only those that a consumer gets; the median of the quality, as predicted and as the labels have it, and its rank
        correlation with the main error.
        """
        measure, quality = self._measure, self._measure.quantities.index(self._measure.quality)
        measured = np.array([m.measured for m in self.measurements])
        group: dict[str, float] = {
            "count": len(self._names),
            "scored": int(np.isfinite(self._errors[:, 0]).sum()),
            "measured_share": float(measured.mean()),
        }
        for kind, unit, errors in zip(measure.kinds, measure.units, self._errors.T, strict=True):
            middle = estimate("median", errors, self._subjects, self._settings.bootstrap, self._settings.seed)
            known, sure = errors[np.isfinite(errors)], errors[measured & np.isfinite(errors)]
            group |= {f"{kind}_median_{unit}": middle.value} | ends(f"{kind}_median_{unit}", middle.interval)
            group |= {
                f"{kind}_mean_{unit}": float(known.mean()) if len(known) else float("nan"),
                f"{kind}_p95_{unit}": float(np.quantile(known, 0.95)) if len(known) else float("nan"),
                f"{kind}_measured_{unit}": float(np.median(sure)) if len(sure) else float("nan"),
            }
        told, true = self._found[:, quality], self._true[:, quality]
        group[f"{measure.quality}_of_labels"] = _middle(true)
        group[f"{measure.quality}_predicted"] = _middle(told)
        both = np.isfinite(told) & np.isfinite(self._errors[:, 0])
        varied = both.sum() > 2 and np.ptp(told[both]) > 0 and np.ptp(self._errors[both, 0]) > 0
        warns = spearmanr(told[both], self._errors[both, 0]).statistic if varied else float("nan")
        group[f"{measure.quality}_rank_correlation"] = float(warns)
        return with_headlines({"exams": group}, self.headlines())

    def statistics(self) -> list[Statistic]:
        """The error of its exam at each image, so that every slice of images has those of its exams."""
        kinds = zip(self._measure.kinds, self._measure.units, self._errors.T, strict=True)
        return [Statistic(f"exam_{kind}_median_{unit}", "median", self._at_images(e)) for kind, unit, e in kinds]

    def panels(self) -> dict[str, str]:
        """See `Scores`."""
        kind, unit = self._measure.kinds[0], self._measure.units[0]
        return {f"exam_{kind}_median_{unit}": f"{self._measure.title}: median {kind} error ({unit})"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """At each image its exam's name, errors (`exam_centre_mm`), quantities, true ones, and why there are none."""
        measure = self._measure
        kinds = zip(measure.kinds, measure.units, self._errors.T, strict=True)
        columns = {f"exam_{kind}_{unit}": self._at_images(errors) for kind, unit, errors in kinds}
        columns[self.error] = self._at_images(self._errors[:, 0])
        for q, name in enumerate(measure.quantities):
            columns |= {f"exam_{name}": self._at_images(self._found[:, q])}
            columns |= {f"exam_{name}_true": self._at_images(self._true[:, q])}
        whole, reasons = np.empty(self._count, object), np.empty(self._count, object)
        for name, rows, found in zip(self._names, self._rows, self.measurements, strict=True):
            whole[rows], reasons[rows] = name, found.reason
        return columns | {"measured_as": whole, "exam_not_measured": reasons}

    def drawings(self, scene: Scene) -> Drawings:
        """See `Scores`."""
        measure, quality = self._measure, self._measure.quantities.index(self._measure.quality)

        def draw(path: Path) -> None:
            draw_exams(self._errors, self._found[:, quality], measure, path)

        return {"exams": draw}

    def _at_images(self, values: Float[np.ndarray, "E"]) -> Float[np.ndarray, "N"]:
        """A value of each exam at its images."""
        spread = np.full(self._count, np.nan)
        for rows, value in zip(self._rows, values, strict=True):
            spread[rows] = value
        return spread


def _middle(values: Float[np.ndarray, "E"]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
