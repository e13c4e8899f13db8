"""The letterbox: the map from an image's pixels to the network's input, and back.

The image is scaled by one factor to fit into the input, and centred between bars. It is never stretched. With the
origin at the centre of the top-left pixel, `x_in = (x + 0.5) * scale - 0.5 + pad_x`, and the same for y.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize


@dataclass(frozen=True)
class Letterbox:
    """The map from one image to the input.

    Attributes:
        scale: Input pixels per image pixel, the same in x and y.
        pad_x: Width of the left bar in whole input pixels.
        pad_y: Height of the upper bar in whole input pixels.
    """

    scale: float
    pad_x: float
    pad_y: float

    @classmethod
    def fit(cls, width: int, height: int, size: InputSize) -> Self:
        """Return the letterbox of an image of `width` x `height` pixels, exactly as the graph computes it.

        Raises:
            UserError: The image is so thin that one side would be less than a pixel of the input.
        """
        # single precision, and halves rounded up, as ONNX Runtime's Resize does with `not_larger`
        scale = min(np.float32(size.width) / np.float32(width), np.float32(size.height) / np.float32(height))
        inner_w, inner_h = (math.floor(np.float32(scale) * np.float32(n) + np.float32(0.5)) for n in (width, height))
        if min(inner_w, inner_h) < 1:
            raise UserError(
                f"an image of {width} x {height} pixels is too thin for an input of {size.width} x {size.height}: "
                "one side would be less than a pixel; crop the image or mark it as not to be used"
            )
        return cls(float(scale), (size.width - inner_w) // 2, (size.height - inner_h) // 2)

    @property
    def _pad(self) -> Float[np.ndarray, "2"]:
        return np.array([self.pad_x, self.pad_y])

    def forward(self, points: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Map points (x, y) of the image to input pixels. NaN stays NaN."""
        return (np.asarray(points, dtype=np.float64) + 0.5) * self.scale - 0.5 + self._pad

    def backward(self, points: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Map points (x, y) of the input to image pixels: the inverse of `forward`."""
        return _points_back(points, self.scale, self._pad)

    def forward_boxes(self, boxes: Float[np.ndarray, "*any 4"]) -> Float[np.ndarray, "*any 4"]:
        """Map boxes (x, y, w, h) of the image to input pixels. The corner is mapped like a point."""
        boxes = np.asarray(boxes, dtype=np.float64)
        return np.concatenate([self.forward(boxes[..., :2]), boxes[..., 2:] * self.scale], axis=-1)

    def backward_boxes(self, boxes: Float[np.ndarray, "*any 4"]) -> Float[np.ndarray, "*any 4"]:
        """Map boxes (x, y, w, h) of the input to image pixels: the inverse of `forward_boxes`."""
        return _boxes_back(boxes, self.scale, self._pad)


class Letterboxes:
    """The letterboxes of many images at once.

    Args:
        rows: scale, pad_x and pad_y of each image, as the prepare stage writes them.
    """

    def __init__(self, rows: Float[np.ndarray, "N 3"]) -> None:
        self._scale, self._pad = rows[:, None, :1], rows[:, None, 1:]

    def backward(self, points: Float[np.ndarray, "N M 2"]) -> Float[np.ndarray, "N M 2"]:
        """Map points (x, y) of the inputs to pixels of their images, as `Letterbox.backward` does."""
        return _points_back(points, self._scale, self._pad)

    def backward_boxes(self, boxes: Float[np.ndarray, "N M 4"]) -> Float[np.ndarray, "N M 4"]:
        """Map boxes (x, y, w, h) of the inputs to pixels of their images, as `Letterbox.backward_boxes` does."""
        return _boxes_back(boxes, self._scale, self._pad)


def _points_back(
    points: Float[np.ndarray, "*any 2"], scale: float | Float[np.ndarray, "N 1 1"], pad: Float[np.ndarray, "*any 2"]
) -> Float[np.ndarray, "*any 2"]:
    return (np.asarray(points, dtype=np.float64) - pad + 0.5) / scale - 0.5


def _boxes_back(
    boxes: Float[np.ndarray, "*any 4"], scale: float | Float[np.ndarray, "N 1 1"], pad: Float[np.ndarray, "*any 2"]
) -> Float[np.ndarray, "*any 4"]:
    boxes = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([_points_back(boxes[..., :2], scale, pad), boxes[..., 2:] / scale], axis=-1)
