"""Figures of a classification, against hand and library."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from pipeline.heads.classes.scores import calibration, confusion, expected_calibration_error, scores, wilson

TRUE = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
SAID = np.array([0, 0, 1, 1, 1, 0, 1, 1, 2])


def test_wilson_of_the_published_result() -> None:
    # 24 of 33 images: the interval says how little they prove
    assert wilson(24, 33) == pytest.approx((0.558, 0.849), abs=2e-3)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)
    assert np.isnan(wilson(0, 0)).all()


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_scores_are_scikit_learns(average: str) -> None:
    means, each = scores(confusion(TRUE, SAID, 3))
    expected = precision_recall_fscore_support(TRUE, SAID, average=average, zero_division=0.0)[:3]
    assert [means[f"{average}_{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(expected)
    alone = precision_recall_fscore_support(TRUE, SAID, zero_division=0.0)[2]
    assert [own["f1"] for own in each] == pytest.approx(alone)
    assert means["accuracy"] == pytest.approx(6 / 9)


def test_a_class_never_said_has_f1_zero() -> None:
    _, each = scores(confusion(np.array([0, 1, 2]), np.array([0, 1, 1]), 3))
    assert each[2] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 1}


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.65, 0.35], [0.62, 0.38]])
    bins = calibration(probabilities, np.array([0, 1, 0, 0]))
    assert [b.answers for b in bins] == [2, 2]
    assert expected_calibration_error(bins) == pytest.approx(0.5 * abs(0.935 - 0.5) + 0.5 * abs(0.635 - 1.0))
