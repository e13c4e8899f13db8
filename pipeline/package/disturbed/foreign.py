"""Foreign pictures: noise, gradients, and rendered places without a patient."""

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.package.disturbed.pictures import Image
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

_PLACES = 8  # rendered places, each of which may serve for many pictures
_SEED = 190283  # of no data source: places that no training has shown


class Places:
    """Rendered places without a patient: rooms, corridors, outdoors. Call it with a shape and a source of chance."""

    def __init__(self, width: int = 640, height: int = 480) -> None:
        width, height = _renderable(width), _renderable(height)
        settings = SyntheticSource(kind="synthetic", subjects=_PLACES, seed=_SEED, width=width, height=height)
        backgrounds = [make_subject(settings, index).background for index in range(_PLACES)]
        self._places: list[Image] = [cv2.convertScaleAbs(background).astype(np.uint8) for background in backgrounds]

    def __call__(self, shape: tuple[int, int], rng: np.random.Generator) -> Image:
        """Return one of the places, of this height and width."""
        place = self._places[rng.integers(len(self._places))]
        return cv2.resize(place, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _renderable(side: int) -> int:
    """Return the nearest side from this one on that the renderer can make: even, and not tiny."""
    return max(side + side % 2, 64)


def foreign(places: Places) -> dict[str, Callable[[tuple[int, int], np.random.Generator], Image]]:
    """Return the kinds of foreign pictures by name."""
    return {"foreign noise": noise, "foreign gradient": gradient, "place without a patient": places}


def noise(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Return coloured noise with a grain of 1 to 32 pixels."""
    grain = 2 ** int(rng.integers(0, 6))
    coarse = rng.integers(0, 256, (max(shape[0] // grain, 1), max(shape[1] // grain, 1), 3)).astype(np.uint8)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def gradient(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Return a smooth run of colours from corner to corner."""
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return cv2.resize(corners, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8)
