"""What the consumer's library has to know of a head."""

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

Cell: TypeAlias = float | str | None
"""Of a CSV; `None` is an empty cell."""


@dataclass(frozen=True)
class Style:
    """How predictions are drawn; the same for all frames of one input.

    Attributes:
        skeleton: Pairs of keypoint indices to join.
        threshold: Keypoints of less confidence are drawn as a cross and not joined.
        title: First part of the heading: the model.
        kinds: Names of the classes.
    """

    skeleton: tuple[tuple[int, int], ...]
    threshold: float
    title: str
    kinds: tuple[str, ...] = ()


class Head(ABC):
    """A kind of answer: its outputs, its part of the results, its drawing.

    Every method copes with a prediction that lacks the head's outputs.

    Attributes:
        name: In the manifest and in the settings of a network.
        outputs: Names of the graph's outputs, which are the names of fields of `Prediction`.
    """

    name: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def findings(self, category: Category, shapes: Mapping[str, Shape]) -> list[str]:
        """What does not fit between the graph's outputs and the category; empty where all does.

        Args:
            category: Names of keypoints and classes.
            shapes: Of the head's outputs in the graph, by name.
        """

    def strange_answers(self, prediction: Prediction, category: Category) -> list[str]:
        """What the head answered that the category has no name for; empty where all has one."""
        return []

    def mirrored(self, prediction: Prediction, width: int) -> Prediction:
        """The prediction with this head's outputs mirrored left to right in an image of `width` pixels."""
        return prediction

    @abstractmethod
    def result(self, prediction: Prediction, category: Category, threshold: float) -> dict[str, Any]:
        """This head's keys of a frame in the result JSON.

        Args:
            prediction: In the image's pixels.
            category: Names of keypoints and classes.
            threshold: Confidence below which an answer counts as missing.
        """

    def columns(self, category: Category) -> tuple[str, ...]:
        """Names of this head's columns of the CSV."""
        return ()

    def cells(self, prediction: Prediction, category: Category, threshold: float) -> list[Cell]:
        """This head's cells of a row, one for each of `columns`; arguments as of `result`."""
        return [None] * len(self.columns(category))

    def lowest_confidence(self, prediction: Prediction) -> float | None:
        """The least sure of what this head says of an image; `None` where it says nothing."""
        return None

    def draw(self, canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, unit: float) -> None:
        """Draw this head's answers into an image.

        Args:
            canvas: RGB; is changed.
            prediction: In the image's pixels.
            style: See `Style`.
            unit: By how much sizes of a 1080p image are scaled.
        """
        return

    def lines(self, prediction: Prediction, style: Style) -> list[tuple[str, Colour]]:
        """Lines of the panel in the image's corner, each with its colour."""
        return []
