"""The error of what is measured: pooled over what is labelled, whatever is refused or cannot be read off."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from heelstrike.measure.settings import MeasureSettings, RearfootSettings
from pipeline.scoring.measurement import measurement_error
from tests.cases import make_cases
from tests.exams import NAMES, SETTINGS, exam_of
from tests.packages import LEFT, PROBLEM, RIGHT

REARFOOT = RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT)
LEGS = np.array([[40.0, 10], [40, 50], [40, 90], [80, 10], [80, 50], [80, 90]])


def angle(by: float) -> float:
    """Of a heel so many pixels beside the line, 40 px below the ankle."""
    return float(np.degrees(np.arctan2(by, 40)))


def test_each_labelled_leg_counts_as_one() -> None:
    """The mean of the legs of an image first would give 3.2 degrees here."""
    truth = np.tile(LEGS, (3, 1, 1))
    found = truth.copy()
    found[:, 2, 0] += 4  # the left heel of every image
    found[:, 5, 0] += [0.5, 0.5, 0.5]
    truth[2, 5] = np.nan  # the right leg of the last one is not labelled
    measured = measurement_error(make_cases({"keypoints": truth}, {"keypoints": found}), REARFOOT, PROBLEM.keypoints)
    assert measured.labelled == 5 and measured.undefined == 0
    assert measured.score.value == pytest.approx(angle(4))
    assert measured.score.metric == "angle/median_deg" and measured.score.unit == "°"


def test_the_difference_of_two_angles_is_taken_around_the_circle() -> None:
    """A foot that points straight up is at 180 degrees, from either side."""
    truth = LEGS[None].copy()
    truth[0, [2, 5]] = [[41, 10], [81, 10]]
    answers = truth.copy()
    answers[0, [2, 5], 0] -= 2
    measured = measurement_error(make_cases({"keypoints": truth}, {"keypoints": answers}), REARFOOT, PROBLEM.keypoints)
    assert measured.score.value == pytest.approx(2 * angle(1))


def test_refused_images_count_and_what_cannot_be_read_off_is_infinitely_wrong() -> None:
    truth = np.tile(LEGS, (4, 1, 1))
    found, unsure = truth.copy(), np.zeros((4, 6))
    found[:, [2, 5], 0] += 4
    cases = make_cases({"keypoints": truth}, {"keypoints": found, "confidence": unsure})
    assert measurement_error(cases, REARFOOT, PROBLEM.keypoints).score.value == pytest.approx(angle(4))
    found[:3] = np.nan
    measured = measurement_error(cases, REARFOOT, PROBLEM.keypoints)
    assert (measured.score.value, measured.labelled, measured.undefined) == (np.inf, 8, 6)


def test_nothing_labelled_is_no_error() -> None:
    nothing = make_cases({"keypoints": np.full((2, 6, 2), np.nan)}, {"keypoints": np.zeros((2, 6, 2))})
    measured = measurement_error(nothing, REARFOOT, PROBLEM.keypoints)
    assert np.isnan(measured.score.value) and measured.labelled == 0


def test_an_exam_counts_once_and_only_if_its_labels_suffice() -> None:
    exams = [exam_of(np.random.default_rng(n), tilt=0, oblique=0)[0] for n in range(4)]
    truth, placement = (np.concatenate([getattr(e, part) for e in exams]) for part in ("keypoints", "placement"))
    truth = np.array(truth)
    truth[8] = np.nan  # the third exam has no labels on its sagittal plane
    found = np.where(np.isfinite(truth), truth, 60.0)
    for row, millimetres in ((0, 5), (1, 5), (3, 7), (4, 7), (9, 9), (10, 9)):  # axial and coronal planes, to the left
        found[row, :, 0] += millimetres / 1.7
    names = np.repeat(["a", "b/1", "b/2", "c"], 3)
    settings = TypeAdapter[MeasureSettings](MeasureSettings).validate_python(SETTINGS)
    cases = make_cases({"keypoints": truth}, {"keypoints": found}, exams=names, placement=placement)
    measured = measurement_error(cases, settings, NAMES)
    assert measured.labelled == 3
    assert measured.score.value == pytest.approx(7)
    assert (measured.score.metric, measured.score.unit) == ("exams/centre_median_mm", " mm")
    found[3:6] = np.nan
    assert measurement_error(cases, settings, NAMES).undefined == 1
