"""The class head: a calibrated probability for each class an image may be of."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from heelstrike import canvas as pen
from heelstrike.heads.base import Cell, Head, Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape, misfits
from heelstrike.package.wire import Category
from heelstrike.rounding import round_array


class Classes(Head):
    """See `Head`."""

    name: ClassVar[str] = "class"
    outputs: ClassVar[tuple[str, ...]] = ("probabilities",)

    def findings(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """See `Head`: as many probabilities as the category has classes."""
        count = len(category.classes)
        return misfits(shapes, {"probabilities": (count,)}, f"the category has {count} classes")

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """See `Head`: `class`, the likeliest class with its probability, and those of all classes."""
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
        """See `Head`."""
        return ("class", "class_confidence")

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """See `Head`: the likeliest class; `class` is empty where it is not sure enough."""
        if prediction.probabilities is None:
            return super().cells(prediction, category, threshold)
        likeliest = self.result(prediction, category, threshold)["class"]
        return [likeliest["name"] if likeliest["sure"] else None, likeliest["confidence"]]

    def lowest_confidence(self, prediction: Prediction) -> float | None:
        """See `Head`: of the likeliest class."""
        return None if prediction.probabilities is None else float(prediction.probabilities.max())

    def lines(self, prediction: Prediction, style: Style) -> list[tuple[str, pen.Colour]]:
        """Each class with its probability, the likeliest first."""
        if prediction.probabilities is None:
            return []
        order = np.argsort(-prediction.probabilities)
        sure = prediction.probabilities[order[0]] >= style.threshold
        return [
            (
                f"{style.kinds[kind]}  {prediction.probabilities[kind]:.0%}",
                pen.WHITE if place or sure else pen.AMBER,
            )
            for place, kind in enumerate(order)
        ]
