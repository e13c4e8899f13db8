"""The error of the measurement on the cases of a split."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure
from heelstrike.measure.build import build_exam_measure, build_measure
from heelstrike.measure.exam import Exam, ExamMeasure, each_exam
from heelstrike.measure.settings import MeasureSettings
from pipeline.scoring.case_table import Cases
from pipeline.scoring.score import Score

_SYMBOLS = {"mm": " mm", "deg": "°"}


class MeasurementScore(NamedTuple):
    """The measurement's headline score, and the number of values behind it.

    Attributes:
        score: The median error.
        labelled: Number of quantities, or exams, that the labels define.
        undefined: Number of these that the predictions do not define.
    """

    score: Score
    labelled: int
    undefined: int


def measurement_error(cases: Cases, settings: MeasureSettings, keypoints: tuple[str, ...]) -> MeasurementScore:
    """Median absolute error of the measurement, in the measure's unit.

    The median is over all quantities in that unit that the labels define (each of two legs in an image is one), refused
    images included, so that refusing cannot improve it; for a measure of exams it is over the exams. The error of a
    labelled quantity that the predictions do not define is infinite.

    Args:
        cases: A split, with `keypoints` in truth and answers.
        settings: Settings of the measure.
        keypoints: Names of the keypoints.
    """
    measure = build_measure(settings, keypoints, cases.threshold)
    if measure is not None:
        return error_of_images(cases, measure)
    of_exams = build_exam_measure(settings, keypoints, cases.threshold)
    assert of_exams is not None
    return error_of_exams(cases, of_exams)


def error_of_images(cases: Cases, measure: Measure) -> MeasurementScore:
    """`measurement_error` of a measure of images."""
    main = np.array(measure.units) == measure.unit
    truth = measure.values(cases.truth["keypoints"], cases.mm_per_px)[:, main]
    differences = measure.differences(cases.answers["keypoints"], cases.truth["keypoints"], cases.mm_per_px)[:, main]
    value, labelled, undefined = _median(np.abs(differences)[np.isfinite(truth)])
    score = Score(
        f"{measure.group}/median_{measure.unit}",
        f"{measure.title}: median error",
        value,
        measure.symbol,
        "median of the absolute error over all labelled quantities",
    )
    return MeasurementScore(score, labelled, undefined)


def error_of_exams(cases: Cases, measure: ExamMeasure) -> MeasurementScore:
    """`measurement_error` of a measure of exams."""
    confidence = np.ones(cases.truth["keypoints"].shape[:2])
    predicted = each_exam(cases.exams, Exam(cases.answers["keypoints"], confidence, cases.placement))
    labelled = each_exam(cases.exams, Exam(cases.truth["keypoints"], confidence, cases.placement))
    errors = []
    for name, (_, exam) in labelled.items():
        true = measure.values(exam)
        if np.isfinite(measure.errors(true, true)[0]):
            errors.append(measure.errors(measure.values(predicted[name][1]), true)[0])
    kind, unit = measure.kinds[0], measure.units[0]
    value, count, undefined = _median(np.array(errors))
    score = Score(
        f"exams/{kind}_median_{unit}",
        f"{measure.title}: median {kind} error",
        value,
        _SYMBOLS.get(unit, f" {unit}"),
        "median over all labelled exams",
    )
    return MeasurementScore(score, count, undefined)


def _median(errors: Float[np.ndarray, "Q"]) -> tuple[float, int, int]:
    """The median, with undefined errors as inf; the number of errors; the number of undefined ones."""
    undefined = ~np.isfinite(errors)
    value = float(np.median(np.where(undefined, np.inf, errors))) if len(errors) else float("nan")
    return value, len(errors), int(undefined.sum())
