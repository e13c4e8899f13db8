"""The interface that every head of the consumer's library fulfils; all heads of the registry are tested."""

import json
from dataclasses import fields

import numpy as np
import pytest

from heelstrike.heads.base import Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS, enlarge_prediction, mirror_prediction
from heelstrike.package.manifest import Category
from heelstrike.preprocess.letterbox import Letterbox

CATEGORY = Category(name="leg", keypoints=("knee", "ankle", "heel"), classes=("cup", "jar"))
STYLE = Style(((0, 1), (1, 2)), 0.5, "", CATEGORY.categories)
OUTPUTS = {
    "keypoints": np.array([[20, 30], [40, 60.25], [50, 90]], np.float32),
    "confidence": np.array([0.9, 0.25, 0.75], np.float32),
    "box": np.array([10, 20, 60, 80], np.float32),
    "probabilities": np.array([0.25, 0.75], np.float32),
    "boxes": np.array([[5, 6, 30, 40], [50, 60, 7, 8]], np.float32),
    "scores": np.array([0.875, 0.125], np.float32),
    "classes": np.array([1, 0]),
}
WIDTH = 100
EMPTY = Prediction()


def predict(head: Head) -> Prediction:
    return Prediction(**{name: OUTPUTS[name] for name in head.outputs})


@pytest.fixture(params=HEADS)
def head(request: pytest.FixtureRequest) -> Head:
    return HEADS[request.param]


def test_outputs_are_fields_of_a_prediction_and_of_one_head_only(head: Head) -> None:
    assert set(head.outputs) <= {field.name for field in fields(Prediction)}
    assert not [other for other in HEADS.values() if other is not head and set(other.outputs) & set(head.outputs)]


def test_mirroring_twice_gives_the_same_and_once_does_not_touch_sizes(head: Head) -> None:
    prediction = predict(head)
    twice = mirror_prediction(mirror_prediction(prediction, WIDTH), WIDTH)
    for name in head.outputs:
        np.testing.assert_allclose(getattr(twice, name), OUTPUTS[name], atol=1e-4)
    assert head.mirrored(EMPTY, WIDTH) == EMPTY


def test_enlarging_is_the_inverse_of_scaling_the_image(head: Head) -> None:
    enlarged = enlarge_prediction(predict(head), 0.25)
    letterbox = Letterbox(0.25, 0, 0)
    for name in head.outputs:
        value = getattr(enlarged, name)
        assert value.dtype == OUTPUTS[name].dtype
        if name == "keypoints":
            value = letterbox.forward(value)
        elif name in ("box", "boxes"):
            value = letterbox.forward_boxes(value)
        np.testing.assert_allclose(value, OUTPUTS[name], atol=1e-4)
    assert enlarge_prediction(EMPTY, 0.25) == EMPTY


def test_result_is_json_and_names_no_key_of_another_head(head: Head) -> None:
    result = head.result(predict(head), CATEGORY, 0.5)
    json.dumps(result, allow_nan=False)
    others = [other.result(predict(other), CATEGORY, 0.5) for other in HEADS.values() if other is not head]
    assert result and not [key for key in result if any(key in other for other in others)]
    assert all(value is None for value in head.result(EMPTY, CATEGORY, 0.5).values())


def test_a_cell_for_every_column(head: Head) -> None:
    columns = head.columns(CATEGORY)
    assert len(set(columns)) == len(columns) == len(head.cells(predict(head), CATEGORY, 0.5))
    assert head.cells(EMPTY, CATEGORY, 0.5) == [None] * len(columns)


def test_shapes_are_compared_with_the_category(head: Head) -> None:
    shapes = {name: OUTPUTS[name].shape for name in head.outputs}
    assert head.check_shapes(CATEGORY, shapes) == []
    assert head.check_shapes(CATEGORY, {name: [None] * len(shape) for name, shape in shapes.items()}) == []
    assert len(head.check_shapes(CATEGORY, {name: (*shape, 9) for name, shape in shapes.items()})) == len(shapes)


def test_a_prediction_is_drawn_and_an_empty_one_is_not(head: Head) -> None:
    canvas = np.zeros((120, 100, 3), np.uint8)
    head.draw(canvas, EMPTY, STYLE, 0.3)
    assert not canvas.any() and not head.lines(EMPTY, STYLE)
    head.draw(canvas, predict(head), STYLE, 0.3)
    assert canvas.any() or head.lines(predict(head), STYLE)


def test_results_of_each_head() -> None:
    results = {name: head.result(predict(head), CATEGORY, 0.5) for name, head in HEADS.items()}
    assert results["keypoints"]["missing"] == ["ankle"]
    assert results["keypoints"]["keypoints"] == [[20, 30], [40, 60.25], [50, 90]]
    assert results["box"] == {"box": [10, 20, 60, 80]}
    assert results["class"]["class"] | {"probabilities": None} == {
        "name": "jar",
        "confidence": 0.75,
        "sure": True,
        "probabilities": None,
    }
    assert results["detections"] == {"instances": [{"class": "jar", "score": 0.875, "box": [5, 6, 30, 40]}]}
    assert HEADS["keypoints"].cells(predict(HEADS["keypoints"]), CATEGORY, 0.5) == [20, 30, None, None, 50, 90]
    assert HEADS["class"].cells(predict(HEADS["class"]), CATEGORY, 0.8) == [None, 0.75]
    assert HEADS["detections"].cells(predict(HEADS["detections"]), CATEGORY, 0.5) == [1]
    assert HEADS["keypoints"].lowest_confidence(predict(HEADS["keypoints"])) == 0.25
    assert HEADS["class"].lowest_confidence(predict(HEADS["class"])) == 0.75
