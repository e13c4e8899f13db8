"""Average precision in memory, and the counting of right answers."""

import numpy as np
import pytest

from pipeline.heads.detections.matching import match_predictions, matches_by_scale
from pipeline.heads.detections.precision import class_precision, detection_precision

TRUE = [np.array([[10.0, 10, 20, 20, 0], [50, 50, 100, 100, 1]]), np.array([[5.0, 5, 40, 40, 1]])]


def answers(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, float).reshape(-1, 7)


def test_perfect_answers() -> None:
    found = [answers((10, 10, 20, 20, 0, 0.9, 0), (50, 50, 100, 100, 1, 0.8, 2)), answers((5, 5, 40, 40, 1, 0.7, 1))]
    precision = detection_precision(TRUE, found, 2)
    assert precision["ap"] == precision["ap50"] == precision["ap75"] == pytest.approx(1.0)
    assert [own["ap"] for own in class_precision(TRUE, found, 2)] == pytest.approx([1.0, 1.0])


def test_nothing_found_and_nothing_to_find() -> None:
    nothing = [answers(), answers()]
    assert detection_precision(TRUE, nothing, 2)["ap50"] == 0
    assert np.isnan(detection_precision(nothing, nothing, 2)["ap"])


def test_a_wrong_class_is_wrong() -> None:
    found = [answers((10, 10, 20, 20, 1, 0.9, 0)), answers((5, 5, 40, 40, 1, 0.7, 1))]
    circle, square = class_precision(TRUE, found, 2)
    assert circle["ap"] == 0
    assert 0 < square["ap"] < 1


def test_each_instance_is_found_once_and_by_one_scale() -> None:
    predicted = answers((10, 10, 20, 20, 0, 0.9, 0), (11, 10, 20, 20, 0, 0.8, 1), (50, 50, 100, 98, 1, 0.7, 2))
    image = match_predictions(TRUE[0], predicted)
    assert image.right == 2
    assert image.loss == pytest.approx(1 - 4 / 5)
    assert matches_by_scale([image], 2).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert match_predictions(TRUE[0][:0], predicted[:0]).loss == 0
