"""Evaluation of measurements that combine the keypoints of all images of an exam."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from heelstrike.measure.base import Measurement
from heelstrike.measure.exam import Exam, ExamMeasure, each_exam
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import Drawings, Scene, Scores, Statistic, ends, with_headlines
from pipeline.heads.keypoints.exam_figures import draw_exams
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.measurement import error_of_exams
from pipeline.scoring.score import Groups, Score


class ExamScores(Scores):
    """Measurements of exams compared with those of the labels.

    An image without an exam is measured together with the other images of its subject.

    Args:
        truth: The split.
        keypoints: Predicted points, input pixels.
        confidence: Confidence of each point, in [0, 1].
        measure: Measures an exam.
        settings: Settings of the bootstrap.
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
        predicted = Exam(truth.points_in_original(keypoints), confidence, truth.placement)
        labels = Exam(truth.points_in_original(truth.keypoints), np.ones_like(confidence), truth.placement)
        exams, labelled = each_exam(truth.exams, predicted), each_exam(truth.exams, labels)
        self._names, self._rows = list(exams), [rows for rows, _ in exams.values()]
        self._subjects = np.array([truth.subjects[rows[0]] for rows in self._rows])
        self._predicted = np.stack([measure.values(exam) for _, exam in exams.values()])
        self._true = np.stack([measure.values(exam) for _, exam in labelled.values()])
        pairs = zip(self._predicted, self._true, strict=True)
        self._errors = np.stack([measure.errors(values, true) for values, true in pairs])
        self.measurements = [measure.measure(exam) for _, exam in exams.values()]

    def measured(self, images: object) -> list[tuple[str, Measurement]]:
        """Every measurement with its exam's name."""
        return list(zip(self._names, self.measurements, strict=True))

    def headlines(self) -> list[Score]:
        """The median of the first kind of error."""
        return [error_of_exams(self.cases, self._measure).score]

    def groups(self) -> Groups:
        """`exams`: errors over all labelled exams, refused ones included, so that refusing cannot improve them.

        `KIND_median_UNIT` with its interval, `KIND_mean_UNIT`, `KIND_p95_UNIT`, and `KIND_measured_UNIT`, the median
        over the measured exams only; the median of the quality, of predictions and of labels, and the rank correlation
        of the predicted quality with the first kind of error.
        """
        measure, quality = self._measure, self._measure.quantities.index(self._measure.quality)
        measured = np.array([m.measured for m in self.measurements])
        group: dict[str, float] = {
            "count": len(self._names),
            "scored": int(np.isfinite(self._errors[:, 0]).sum()),
            "measured_share": float(measured.mean()),
        }
        for kind, unit, errors in zip(measure.kinds, measure.units, self._errors.T, strict=True):
            median = estimate("median", errors, self._subjects, self._settings.bootstrap, self._settings.seed)
            known, of_measured = errors[np.isfinite(errors)], errors[measured & np.isfinite(errors)]
            group |= {f"{kind}_median_{unit}": median.value} | ends(f"{kind}_median_{unit}", median.interval)
            group |= {
                f"{kind}_mean_{unit}": float(known.mean()) if len(known) else float("nan"),
                f"{kind}_p95_{unit}": float(np.quantile(known, 0.95)) if len(known) else float("nan"),
                f"{kind}_measured_{unit}": float(np.median(of_measured)) if len(of_measured) else float("nan"),
            }
        predicted, true = self._predicted[:, quality], self._true[:, quality]
        group[f"{measure.quality}_of_labels"] = _median(true)
        group[f"{measure.quality}_predicted"] = _median(predicted)
        scored = np.isfinite(predicted) & np.isfinite(self._errors[:, 0])
        varied = scored.sum() > 2 and np.ptp(predicted[scored]) > 0 and np.ptp(self._errors[scored, 0]) > 0
        warns = spearmanr(predicted[scored], self._errors[scored, 0]).statistic if varied else float("nan")
        group[f"{measure.quality}_rank_correlation"] = float(warns)
        return with_headlines({"exams": group}, self.headlines())

    def statistics(self) -> list[Statistic]:
        """Each kind of error; every image has the errors of its exam, so that slices of images can be formed."""
        kinds = zip(self._measure.kinds, self._measure.units, self._errors.T, strict=True)
        return [Statistic(f"exam_{kind}_median_{unit}", "median", self._at_images(e)) for kind, unit, e in kinds]

    def panels(self) -> dict[str, str]:
        """The first kind of error."""
        kind, unit = self._measure.kinds[0], self._measure.units[0]
        return {f"exam_{kind}_median_{unit}": f"{self._measure.title}: median {kind} error ({unit})"}

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Of each image's exam: name, errors (`exam_centre_mm`), quantities, true ones, reason if not measured."""
        measure = self._measure
        kinds = zip(measure.kinds, measure.units, self._errors.T, strict=True)
        columns = {f"exam_{kind}_{unit}": self._at_images(errors) for kind, unit, errors in kinds}
        columns[self.error] = self._at_images(self._errors[:, 0])
        for q, name in enumerate(measure.quantities):
            columns |= {f"exam_{name}": self._at_images(self._predicted[:, q])}
            columns |= {f"exam_{name}_true": self._at_images(self._true[:, q])}
        exams, reasons = np.empty(self._count, object), np.empty(self._count, object)
        for name, rows, measurement in zip(self._names, self._rows, self.measurements, strict=True):
            exams[rows], reasons[rows] = name, measurement.reason
        return columns | {"measured_as": exams, "exam_not_measured": reasons}

    def drawings(self, scene: Scene) -> Drawings:
        """The figure `exams`: errors, and errors against quality."""
        measure, quality = self._measure, self._measure.quantities.index(self._measure.quality)

        def draw(path: Path) -> None:
            draw_exams(self._errors, self._predicted[:, quality], measure, path)

        return {"exams": draw}

    def _at_images(self, values: Float[np.ndarray, "E"]) -> Float[np.ndarray, "N"]:
        """A value of each exam, repeated at its images."""
        spread = np.full(self._count, np.nan)
        for rows, value in zip(self._rows, values, strict=True):
            spread[rows] = value
        return spread


def _median(values: Float[np.ndarray, "E"]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
