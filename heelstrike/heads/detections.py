"""The detection head: any number of instances, each with box, score and class."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8

from heelstrike import canvas as pen
from heelstrike.heads.base import Cell, Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape, misfits
from heelstrike.package.wire import Category
from heelstrike.preprocess.mirror import mirror_boxes
from heelstrike.rounding import round_array


class Detections(Head):
    """See `Head`."""

    name: ClassVar[str] = "detections"
    outputs: ClassVar[tuple[str, ...]] = ("boxes", "scores", "classes")

    def findings(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """See `Head`; how many instances there are, the graph decides."""
        wanted = {"boxes": (None, 4), "scores": (None,), "classes": (None,)}
        return misfits(shapes, wanted, "an instance has a box, a score and a class")

    def strange_answers(self, prediction: Prediction, category: Category) -> list[str]:
        """See `Head`."""
        count = len(category.categories)
        strange = set() if prediction.classes is None else set(prediction.classes.tolist()) - set(range(count))
        return [f"an instance of class {kind} was found, but there are {count} classes" for kind in sorted(strange)]

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """See `Head`."""
        if prediction.boxes is None:
            return prediction
        count = len(prediction.boxes)
        return replace(prediction, boxes=mirror_boxes(prediction.boxes, np.full(count, width), np.ones(count, bool)))

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """See `Head`: `instances`, every one that is sure enough, the surest first."""
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
        """See `Head`."""
        return ("instances",)

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """See `Head`: how many are sure enough."""
        return [None if prediction.scores is None else int((prediction.scores.astype(float) >= threshold).sum())]

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, unit: float) -> None:
        """Corners of every instance that is sure enough, with class and score."""
        if prediction.boxes is None or prediction.scores is None or prediction.classes is None:
            return
        for box, score, kind in zip(prediction.boxes, prediction.scores, prediction.classes, strict=True):
            if score >= style.threshold:
                pen.corners(canvas, box, unit)
                text, size = f"{style.kinds[int(kind)]} {score:.2f}", 22 * unit
                width, height = pen.extent(text, size)
                pen.plate(canvas, box[0], box[1] - height - 6 * unit, width + 8 * unit, height + 6 * unit)
                colour = pen.confidence_colour(float(score))
                pen.write(canvas, text, box[0] + 4 * unit, box[1] - 4 * unit, size, colour)
