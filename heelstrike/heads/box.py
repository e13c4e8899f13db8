"""The box head: one box around the one instance of an image."""

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


class Box(Head):
    """The `box` output: x, y, width and height in pixels."""

    name: ClassVar[str] = "box"
    outputs: ClassVar[tuple[str, ...]] = ("box",)

    def check_shapes(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """Require four numbers."""
        return shape_errors(shapes, {"box": (4,)}, "a box has four numbers")

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """Mirror the box."""
        if prediction.box is None:
            return prediction
        return replace(prediction, box=mirror_boxes(prediction.box[None], np.array([width]), np.array([True]))[0])

    def backward(self, prediction: Prediction, letterbox: Letterbox) -> Prediction:
        """Map the box back."""
        if prediction.box is None:
            return prediction
        return replace(prediction, box=letterbox.backward_boxes(prediction.box).astype(prediction.box.dtype))

    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """Return `box` as x, y, width, height; `None` without a box."""
        return {"box": None if prediction.box is None else round_array(prediction.box, 3)}

    def columns(self, category: Category) -> tuple[str, ...]:
        """Return a column for each of x, y, width and height."""
        return ("box_x_px", "box_y_px", "box_width_px", "box_height_px")

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """Return the four numbers of the box."""
        if prediction.box is None:
            return super().cells(prediction, category, threshold)
        return round_array(prediction.box, 3)

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, scale: float) -> None:
        """Draw the four corners of the box."""
        if prediction.box is not None:
            pen.corners(canvas, prediction.box, scale)
