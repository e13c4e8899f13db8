"""Figures of a classification, against numbers worked out by hand."""

import numpy as np
import pytest

from pipeline.heads.classes.scores import calibration, confusion, expected_calibration_error, scores, wilson

TRUE = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
ANSWERED = np.array([0, 0, 1, 1, 1, 0, 1, 1, 2])


def test_wilson_of_the_published_result() -> None:
    # 24 of 33 images: the interval says how little they prove
    assert wilson(24, 33) == pytest.approx((0.558, 0.849), abs=2e-3)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)
    assert np.isnan(wilson(0, 0)).all()


def test_confusion_by_hand() -> None:
    assert confusion(TRUE, ANSWERED, 3).tolist() == [[2, 1, 0], [1, 3, 0], [0, 1, 1]]
    assert confusion(TRUE[:0], ANSWERED[:0], 2).tolist() == [[0, 0], [0, 0]]


def test_scores_by_hand() -> None:
    means, each = scores(TRUE, ANSWERED, 3)
    assert each[0] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "images": 3})
    assert each[1] == pytest.approx({"precision": 3 / 5, "recall": 3 / 4, "f1": 2 / 3, "images": 4})
    assert each[2] == pytest.approx({"precision": 1, "recall": 1 / 2, "f1": 2 / 3, "images": 2})
    assert means["accuracy"] == means["weighted_recall"] == pytest.approx(6 / 9)
    assert means["macro_precision"] == pytest.approx((2 / 3 + 3 / 5 + 1) / 3)
    assert means["weighted_precision"] == pytest.approx((3 * 2 / 3 + 4 * 3 / 5 + 2) / 9)


def test_a_class_never_answered_has_f1_zero() -> None:
    _, each = scores(np.array([0, 1, 2]), np.array([0, 1, 1]), 3)
    assert each[2] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 1}


def test_a_class_without_an_image_is_in_no_mean() -> None:
    means, each = scores(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)
    assert each[2]["images"] == 0 and each[2]["recall"] == 0
    assert means["macro_recall"] == pytest.approx(0.75)
    assert all(np.isnan(value) for value in scores(TRUE[:0], ANSWERED[:0], 2)[0].values())


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.65, 0.35], [0.62, 0.38]])
    bins = calibration(probabilities, np.array([0, 1, 0, 0]))
    assert [b.predictions for b in bins] == [2, 2]
    assert expected_calibration_error(bins) == pytest.approx(0.5 * abs(0.935 - 0.5) + 0.5 * abs(0.635 - 1.0))
