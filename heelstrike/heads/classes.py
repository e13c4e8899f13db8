"""The class head: a calibrated probability of each class for the whole image."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from heelstrike import canvas as pen
from heelstrike.heads.base import Cell, Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape, shape_errors
from heelstrike.package.wire import Category
from heelstrike.rounding import round_array


class Classes(Head):
    """The `probabilities` output: one for each of the category's classes."""

    name: ClassVar[str] = "class"
    outputs: ClassVar[tuple[str, ...]] = ("probabilities",)

    def check_shapes(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """Require one probability for each of the category's classes."""
        count = len(category.classes)
        return shape_errors(shapes, {"probabilities": (count,)}, f"the category has {count} classes")

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """Return `class`: the most probable class, its probability, and the probabilities of all classes."""
        if prediction.probabilities is None:
            return {}
        names, values = category.classes, prediction.probabilities
        best = int(values.argmax())
        probabilities = dict(zip(names, round_array(values, 4), strict=True))
        return {
            "class": {
                "name": names[best],
                "confidence": probabilities[names[best]],
                "sure": float(values[best]) >= threshold,
                "probabilities": probabilities,
            }
        }

    def columns(self, category: Category) -> tuple[str, ...]:
        """Return a column for the most probable class and one for its probability."""
        return ("class", "class_confidence")

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """Return the most probable class and its probability; the class is empty if it is below the threshold."""
        if prediction.probabilities is None:
            return super().cells(prediction, category, threshold)
        best = self.result(prediction, category, threshold)["class"]
        return [best["name"] if best["sure"] else None, best["confidence"]]

    def lowest_confidence(self, prediction: Prediction) -> float | None:
        """Return the probability of the most probable class."""
        return None if prediction.probabilities is None else float(prediction.probabilities.max())

    def lines(self, prediction: Prediction, style: Style) -> list[tuple[str, pen.Colour]]:
        """Return each class with its probability, the most probable first; that one is amber if below the threshold."""
        if prediction.probabilities is None:
            return []
        order = np.argsort(-prediction.probabilities)
        sure = prediction.probabilities[order[0]] >= style.threshold
        return [
            (
                f"{style.categories[kind]}  {prediction.probabilities[kind]:.0%}",
                pen.WHITE if rank or sure else pen.AMBER,
            )
            for rank, kind in enumerate(order)
        ]
