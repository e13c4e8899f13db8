"""The error metric of every head, on cases made by hand."""

import numpy as np
import pytest

from heelstrike.heads.prediction import Prediction
from pipeline.heads.box.error import ERROR as BOX
from pipeline.heads.classes.error import ERROR as CLASS
from pipeline.heads.detections.error import ERROR as DETECTIONS
from pipeline.heads.error import ErrorMetric
from pipeline.heads.keypoints.error import ERROR as KEYPOINTS
from pipeline.scoring.case_table import Cases
from tests.cases import make_cases

POINTS = np.array([[[10.0, 10], [20, 20]], [[10, 10], [np.nan, np.nan]]])


def test_keypoints_count_alike_however_many_an_image_has() -> None:
    moved = np.nan_to_num(POINTS) + np.array([[[6.0, 8], [0, 0]], [[0, 2], [90, 90]]])
    cases = make_cases({"keypoints": POINTS}, {"keypoints": moved})
    errors = KEYPOINTS.errors(cases)
    # the network sees half of the original pixels
    np.testing.assert_allclose(errors.error, [np.sqrt(100 / 4) / 2, np.sqrt(4 / 2) / 2])
    assert errors.weights.tolist() == [2, 1]
    score = KEYPOINTS.score(cases)
    assert score.value == pytest.approx(np.sqrt((100 + 4) / 6) / 2)
    assert (score.metric, str(score)) == ("keypoints/rmse_px", "RMSE 2.08 px")
    assert KEYPOINTS.score_of(errors, np.array([False, True])).value == pytest.approx(np.sqrt(2) / 2)


def test_nothing_labelled_is_no_score() -> None:
    nothing = make_cases({"keypoints": np.full((2, 2, 2), np.nan)}, {"keypoints": np.zeros((2, 2, 2))})
    assert np.isnan(KEYPOINTS.score(nothing).value)


def test_a_box_is_judged_by_its_overlap() -> None:
    truth = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10], [np.nan] * 4])
    cases = make_cases({"boxes": truth}, {"boxes": np.array([[0.0, 0, 10, 5], [0, 0, 10, 10], [1, 1, 1, 1]])})
    assert BOX.errors(cases).weights.tolist() == [1, 1, 0]
    assert BOX.score(cases).value == pytest.approx(25)


def test_a_class_is_right_or_wrong() -> None:
    sure = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.2, 0.8]])
    cases = make_cases({"classes": np.array([0, 1, 1, -1])}, {"probabilities": sure})
    assert CLASS.errors(cases).error[:3].tolist() == [0, 0, 100]
    assert CLASS.score(cases).value == pytest.approx(100 / 3)


def test_an_image_without_a_class_is_not_scored() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [np.nan, np.nan]])
    errors = CLASS.errors(make_cases({"classes": np.array([0, -1, -1])}, {"probabilities": probabilities}))
    assert errors.error[0] == 0 and np.isnan(errors.error[1:]).all()
    assert errors.weights.tolist() == [1, 0, 0]
    assert not np.isinf(errors.error).any()


def test_an_image_counts_as_much_with_one_instance_as_with_two() -> None:
    truth = np.array([[[0.0, 0, 10, 10, 0], [20, 20, 10, 10, 1]], [[0, 0, 10, 10, 0], [np.nan] * 5]])
    found = np.zeros((2, 2, 6))
    found[0, 0] = [0, 0, 10, 10, 0, 0.9]
    found[0, 1] = [20, 20, 10, 10, 1, 0.4]  # less sure than a consumer wants it
    found[1, 0] = [0, 0, 10, 10, 0, 0.9]
    cases = make_cases({"objects": truth}, {"objects": found})
    np.testing.assert_allclose(DETECTIONS.errors(cases).error, [100 / 3, 0])
    assert DETECTIONS.score(cases).value == pytest.approx(100 / 6)


BROKEN: list[tuple[ErrorMetric, Cases]] = [
    (KEYPOINTS, make_cases({"keypoints": POINTS[:1]}, {"keypoints": np.full((1, 2, 2), np.nan)})),
    (BOX, make_cases({"boxes": np.ones((1, 4))}, {"boxes": np.full((1, 4), np.nan)})),
    (CLASS, make_cases({"classes": np.zeros(1, int)}, {"probabilities": np.full((1, 2), np.nan)})),
    (DETECTIONS, make_cases({"objects": np.ones((1, 1, 5))}, {"objects": np.full((1, 1, 6), np.nan)})),
]


@pytest.mark.parametrize(("metric", "cases"), BROKEN, ids=["keypoints", "box", "class", "detections"])
def test_an_answer_that_is_no_number_is_infinitely_wrong(metric: ErrorMetric, cases: Cases) -> None:
    assert np.isinf(metric.errors(cases).error).tolist() == [True]
    assert metric.score(cases).value == np.inf


def test_what_a_package_says_becomes_the_answers_of_cases() -> None:
    boxes, scores = np.array([[0.0, 0, 10, 10], [5, 5, 9, 9]], np.float32), np.array([0.9, 0.8], np.float32)
    two = Prediction(boxes=boxes, scores=scores, classes=np.array([0, 1]))
    none = Prediction(boxes=boxes[:0], scores=scores[:0], classes=np.array([], int))
    objects = DETECTIONS.answers([two, none])["objects"]
    assert objects.shape == (2, 2, 6)
    np.testing.assert_allclose(objects[0, 1], [5, 5, 9, 9, 1, 0.8], rtol=1e-6)
    assert (objects[1] == 0).all()
    points = Prediction(keypoints=np.zeros((2, 2), np.float32), confidence=np.ones(2, np.float32))
    assert KEYPOINTS.answers([points] * 3)["keypoints"].shape == (3, 2, 2)
