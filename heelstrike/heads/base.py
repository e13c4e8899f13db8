"""The interface of a head on the consumer's side: checks of its outputs, its part of the results, its drawing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from jaxtyping import UInt8

from heelstrike.canvas import Colour
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape
from heelstrike.package.wire import Category
from heelstrike.preprocess.letterbox import Letterbox

Cell: TypeAlias = float | str | None
"""Content of a cell in the CSV; `None` leaves the cell empty."""


@dataclass(frozen=True)
class Style:
    """How predictions are drawn. All frames of one input have the same style.

    Attributes:
        skeleton: Pairs of keypoint indices, from 0, to join by a line.
        threshold: A keypoint of lower confidence is drawn as a cross and is not joined.
        title: First part of the heading, which names the model.
        categories: Names of the classes.
    """

    skeleton: tuple[tuple[int, int], ...]
    threshold: float
    title: str
    categories: tuple[str, ...] = ()


class Head(ABC):
    """What the consumer does with the outputs of one head.

    Every method accepts a prediction without this head's outputs.

    Attributes:
        name: Name of the head in the manifest and in the settings of a network.
        outputs: Names of the graph's outputs; the fields of `Prediction` have the same names.
    """

    name: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def check_shapes(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """Compare the shapes of the graph's outputs with the category.

        Args:
            category: Names of keypoints and classes.
            shapes: Shape of each of the head's outputs, by name.

        Returns:
            A sentence for each output that does not fit; empty if all outputs fit.
        """

    def check_values(self, prediction: Prediction, category: Category) -> list[str]:
        """Return a sentence for each predicted value that the category has no name for; empty if there is none."""
        return []

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """Return the prediction with this head's outputs mirrored left to right in an image of `width` pixels."""
        return prediction

    def backward(self, prediction: Prediction, letterbox: Letterbox) -> Prediction:
        """Return the prediction with this head's outputs mapped back through a letterbox, to its image's pixels."""
        return prediction

    @abstractmethod
    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """Return this head's keys of a frame in the result JSON, with their values.

        Args:
            prediction: Prediction in the image's pixels.
            category: Names of keypoints and classes.
            threshold: A prediction of lower confidence counts as missing.
        """

    def columns(self, category: Category) -> tuple[str, ...]:
        """Return the names of this head's columns in the CSV."""
        return ()

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """Return this head's cells of a row, one for each of `columns`. The arguments are those of `result`."""
        return [None] * len(self.columns(category))

    def lowest_confidence(self, prediction: Prediction) -> float | None:
        """Return the lowest confidence among this head's predictions for an image; `None` if it has no confidence."""
        return None

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, scale: float) -> None:
        """Draw this head's predictions into an image.

        Args:
            canvas: RGB image, changed in place.
            prediction: Prediction in the image's pixels.
            style: How to draw.
            scale: Factor for all sizes, which are given for a 1080p image.
        """
        return

    def lines(self, prediction: Prediction, style: Style) -> list[tuple[str, Colour]]:
        """Return this head's lines of text for the panel in the image's corner, each with its colour."""
        return []
