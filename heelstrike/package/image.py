"""Images that a network looks at, whole or in part, and that are scaled to its input where this is cheapest."""

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.package.view import View
from heelstrike.preprocess.settings import InputSize

Pixels = UInt8[np.ndarray, "H W 3"]


class Image(ABC):
    """An RGB image, or a part of one, as displayed."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""

    @property
    @abstractmethod
    def rgb(self) -> Pixels:
        """All pixels."""

    @abstractmethod
    def cut(self, view: View) -> "Image":
        """Return the part in a view; gray where the view reaches beyond the image."""

    def for_input(self, size: InputSize) -> Pixels:
        """Return what a graph is given: all pixels, or the scaled image if scaling costs less here than in the graph.

        The graph fits whatever it is given into the network's input, as `Letterbox.fit` does. So it leaves a scaled
        image as it is, and predicts in the scaled image's pixels.

        Args:
            size: The network's input.
        """
        return self.rgb


class ArrayImage(Image):
    """An image in memory. The graph scales it.

    Args:
        rgb: All pixels.

    Raises:
        UserError: The array is not an RGB image of uint8.
    """

    def __init__(self, rgb: Pixels) -> None:
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
            raise UserError(f"expected an RGB image (height, width, 3) of uint8, found {rgb.shape} of {rgb.dtype}")
        self._rgb = rgb

    @property
    def rgb(self) -> Pixels:
        """All pixels."""
        return self._rgb

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.rgb.shape[0], self.rgb.shape[1]

    def cut(self, view: View) -> Image:
        """Return the part in a view; gray where the view reaches beyond the image."""
        return ArrayImage(view.cut(self.rgb))
