"""The error of the measurement on the cases of a split."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

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


def measurement_errors(
    cases: Cases, settings: MeasureSettings, keypoints: tuple[str, ...]
) -> tuple[Float[np.ndarray, "N"], str]:
    """Error of the measurement in each case, and the text that follows such a number, for instance `°`.

    It is the mean of the absolute errors of the labelled quantities of an image, or the error of the exam that the
    image belongs to: NaN if the labels define none, inf if the predictions leave one undefined.
    """
    measure = build_measure(settings, keypoints, cases.threshold)
    if measure is not None:
        errors = _errors_of_images(cases, measure)
        count = np.sum(~np.isnan(errors), axis=1)
        total = np.nansum(errors, axis=1)
        return np.divide(total, count, out=np.full(len(errors), np.nan), where=count > 0), measure.symbol
    of_exams = build_exam_measure(settings, keypoints, cases.threshold)
    assert of_exams is not None
    means = np.full(len(cases), np.nan)
    for rows, error in _errors_of_exams(cases, of_exams):
        means[rows] = error
    return means, _symbol(of_exams.units[0])


def _errors_of_images(cases: Cases, measure: Measure) -> Float[np.ndarray, "N Q"]:
    """Absolute error of each main quantity: NaN if it is not labelled, inf if the predictions do not define it."""
    main = np.array(measure.units) == measure.unit
    truth = measure.values(cases.truth["keypoints"], cases.mm_per_px)[:, main]
    differences = measure.differences(cases.answers["keypoints"], cases.truth["keypoints"], cases.mm_per_px)[:, main]
    errors = np.where(np.isfinite(differences), np.abs(differences), np.inf)
    return np.where(np.isfinite(truth), errors, np.nan)


def _errors_of_exams(cases: Cases, measure: ExamMeasure) -> Iterator[tuple[Int[np.ndarray, "M"], float]]:
    """The rows of each labelled exam, and its main error: inf if the predictions do not define it."""
    confidence = np.ones(cases.truth["keypoints"].shape[:2])
    predicted = each_exam(cases.exams, Exam(cases.answers["keypoints"], confidence, cases.placement))
    labelled = each_exam(cases.exams, Exam(cases.truth["keypoints"], confidence, cases.placement))
    for name, (rows, exam) in labelled.items():
        true = measure.values(exam)
        if np.isfinite(measure.errors(true, true)[0]):
            error = float(measure.errors(measure.values(predicted[name][1]), true)[0])
            yield rows, error if np.isfinite(error) else np.inf


def error_of_images(cases: Cases, measure: Measure) -> MeasurementScore:
    """`measurement_error` of a measure of images."""
    errors = _errors_of_images(cases, measure)
    value, labelled, undefined = _median(errors[~np.isnan(errors)])
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
    errors = np.array([error for _, error in _errors_of_exams(cases, measure)])
    kind, unit = measure.kinds[0], measure.units[0]
    value, count, undefined = _median(errors)
    score = Score(
        f"exams/{kind}_median_{unit}",
        f"{measure.title}: median {kind} error",
        value,
        _symbol(unit),
        "median over all labelled exams",
    )
    return MeasurementScore(score, count, undefined)


def _symbol(unit: str) -> str:
    """Return the text that follows a number in a unit."""
    return _SYMBOLS.get(unit, f" {unit}")


def _median(errors: Float[np.ndarray, "Q"]) -> tuple[float, int, int]:
    """The median, the number of errors, and the number of undefined ones, which are inf."""
    value = float(np.median(errors)) if len(errors) else float("nan")
    return value, len(errors), int(np.isinf(errors).sum())
