"""The detection head: any number of instances, each with a box, a score and a class."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8

from heelstrike import canvas as pen
from heelstrike.heads.base import Cell, Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape, shape_errors
from heelstrike.package.wire import Category
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.mirror import mirror_boxes
from heelstrike.rounding import round_array


class Detections(Head):
    """The outputs `boxes`, `scores` and `classes`: one row for each instance."""

    name: ClassVar[str] = "detections"
    outputs: ClassVar[tuple[str, ...]] = ("boxes", "scores", "classes")

    def check_shapes(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """Require a box, a score and a class for each instance; any number of instances is accepted."""
        wanted = {"boxes": (None, 4), "scores": (None,), "classes": (None,)}
        return shape_errors(shapes, wanted, "an instance has a box, a score and a class")

    def check_values(self, prediction: Prediction, category: Category) -> list[str]:
        """Return a sentence for each predicted class index that the category does not have."""
        count = len(category.categories)
        unknown = set() if prediction.classes is None else set(prediction.classes.tolist()) - set(range(count))
        return [f"an instance of class {kind} was found, but there are {count} classes" for kind in sorted(unknown)]

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """Mirror every box."""
        if prediction.boxes is None:
            return prediction
        count = len(prediction.boxes)
        return replace(prediction, boxes=mirror_boxes(prediction.boxes, np.full(count, width), np.ones(count, bool)))

    def backward(self, prediction: Prediction, letterbox: Letterbox) -> Prediction:
        """Map every box back."""
        if prediction.boxes is None:
            return prediction
        return replace(prediction, boxes=letterbox.backward_boxes(prediction.boxes).astype(prediction.boxes.dtype))

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """Return `instances`: those whose score reaches the threshold, in the order of the prediction."""
        if prediction.boxes is None or prediction.scores is None or prediction.classes is None:
            return {}
        sure = prediction.scores.astype(float) >= threshold
        boxes, scores = round_array(prediction.boxes[sure], 3), round_array(prediction.scores[sure], 4)
        kinds = [category.categories[kind] for kind in prediction.classes[sure].tolist()]
        return {
            "instances": [
                {"class": kind, "score": score, "box": box}
                for kind, score, box in zip(kinds, scores, boxes, strict=True)
            ]
        }

    def columns(self, category: Category) -> tuple[str, ...]:
        """Return one column, the number of instances."""
        return ("instances",)

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """Return how many instances have a score that reaches the threshold."""
        return [None if prediction.scores is None else int((prediction.scores.astype(float) >= threshold).sum())]

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, scale: float) -> None:
        """Draw the corners, the class and the score of every instance whose score reaches the threshold."""
        if prediction.boxes is None or prediction.scores is None or prediction.classes is None:
            return
        for box, score, kind in zip(prediction.boxes, prediction.scores, prediction.classes, strict=True):
            if score >= style.threshold:
                pen.corners(canvas, box, scale)
                text, size = f"{style.categories[int(kind)]} {score:.2f}", 22 * scale
                width, height = pen.extent(text, size)
                pen.plate(canvas, box[0], box[1] - height - 6 * scale, width + 8 * scale, height + 6 * scale)
                colour = pen.confidence_colour(float(score))
                pen.write(canvas, text, box[0] + 4 * scale, box[1] - 4 * scale, size, colour)
