"""Coloured dots and a network that finds them, but only if they take a third to two thirds of the image it is given.

Otherwise it is wrong with almost the same confidence, as real networks are on sizes that they were not taught.
"""

from collections.abc import Callable

import numpy as np

from heelstrike.heads.prediction import Prediction
from heelstrike.package.image import ArrayImage, Pixels
from heelstrike.package.view import size_of
from heelstrike.package.zoom import Zoomed
from heelstrike.preprocess.settings import Zoom

NAMES = ("a", "b", "c", "d")
DOTS = np.array([[0.0, 0.0], [0.5, 0.1], [0.1, 1.0], [0.6, 0.9]])
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)


def picture(width: int, height: int, left: float, top: float, size: float) -> tuple[Pixels, np.ndarray]:
    """An image with the dots, `size` pixels high; and their centres."""
    image, points = np.full((height, width, 3), 60, np.uint8), np.round([left, top] + DOTS * size)
    for (x, y), colour in zip(points.astype(int), COLOURS, strict=True):
        image[y - 1 : y + 2, x - 1 : x + 2] = colour
    return image, points


_LUCK = 5  # a seed with which no wrong answer is made twice


class Network:
    """Finds the dots, if they have the right size; counts how often it is asked."""

    def __init__(self, confidence: float = 0.99) -> None:
        self.confidence, self.looks = confidence, 0

    def __call__(self, image: Pixels) -> Prediction:
        self.looks += 1
        side = max(image.shape[:2])
        masks = [(image == colour).all(axis=2) for colour in COLOURS]
        if all(mask.any() for mask in masks):
            points = np.array([np.argwhere(mask).mean(axis=0)[::-1] for mask in masks])
            if 1 / 3 <= size_of(points) / side <= 2 / 3:
                return self._answer(points, self.confidence)
        # somewhere that depends on what is shown, too small or too large to be believed, mostly
        shown = image[:: max(side // 8, 1), :: max(side // 8, 1)].astype(int).sum()
        rng = np.random.default_rng(shown + side + _LUCK)
        return self._answer(rng.uniform(0, 1, 2) * side * 0.5 + DOTS * side * rng.choice([0.05, 0.1, 0.9]), 0.97)

    def _answer(self, points: np.ndarray, value: float) -> Prediction:
        confidence = np.full(len(points), value, np.float32)
        return Prediction(points.astype(np.float32), confidence, radius=np.ones(4, np.float32))


def zoomed(
    network: Callable[[Pixels], Prediction], smallest: float = 0, **settings: float
) -> Callable[[Pixels], Prediction]:
    look = Zoomed(Zoom(**settings), lambda image: network(image.rgb), NAMES, 0.5, smallest)
    return lambda pixels: look(ArrayImage(pixels))
