"""Disturbed pictures, with the true keypoints carried along."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

Image = UInt8[np.ndarray, "H W 3"]

_PLAIN = (0.7, 0.5, 0.35, 0.25, 0.15, 0.1)  # sizes on plain ground
_IN_PLACES = (0.5, 0.25, 0.15)  # sizes on a ground with things in it
_BORDER = 90  # gray level around a turned picture
_MOTION = 0.02  # length of the blur as a share of the picture's height: 21 px at 1080
_GRAIN = 25.0  # standard deviation of the noise, gray levels
_JPEG = 10  # quality


@dataclass(frozen=True)
class Picture:
    """A picture with its truth.

    Attributes:
        image: RGB.
        points: True keypoints in pixels of the image, also outside of it; NaN where the label does not tell.
        scale: Pixels of this picture per pixel of the undisturbed one.
    """

    image: Image
    points: Float[np.ndarray, "K 2"]
    scale: float = 1.0

    @property
    def visible(self) -> Bool[np.ndarray, " K"]:
        """True for keypoints that are labelled and lie inside the picture."""
        height, width = self.image.shape[:2]
        inside = (self.points >= 0) & (self.points <= [width - 1, height - 1])
        return np.asarray(inside.all(axis=1), bool)


Change = Callable[[Picture, np.random.Generator], Picture]
Ground = Callable[[tuple[int, int], np.random.Generator], Image]
"""Makes a picture without an instance, of the given height and width."""


def changes(place: Ground) -> dict[str, Change]:
    """Return every disturbance by its name, the undisturbed picture first.

    Args:
        place: Makes the ground for shrunk pictures that are not on plain ground.
    """
    sizes: dict[str, Change] = {f"at {size:g} on plain ground": partial(shrunk, size, plain) for size in _PLAIN}
    sizes |= {f"at {size:g} in a place": partial(shrunk, size, place) for size in _IN_PLACES}
    turns: dict[str, Change] = {
        f"turned by {degrees} degrees": partial(turned, degrees) for degrees in (10, -10, 20, -20)
    }
    cuts: dict[str, Change] = {f"{part} third cut off": partial(cut, part) for part in ("upper", "lower", "left")}
    return {
        "as it is": as_it_is,
        **sizes,
        **turns,
        **cuts,
        "a tenth of the light": partial(lit, 0.1),
        "overexposed": partial(lit, 2.5),
        "motion blur": moved,
        "strong grain": grainy,
        f"JPEG of quality {_JPEG}": compressed,
    }


def as_it_is(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture itself."""
    return picture


def plain(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Return a ground of one colour."""
    return np.full((*shape, 3), rng.integers(60, 200, 3), np.uint8)


def shrunk(size: float, ground: Ground, picture: Picture, rng: np.random.Generator) -> Picture:
    """Shrink a picture to this share of its sides, and put it anywhere on a ground of the original size."""
    height, width = picture.image.shape[:2]
    small = cv2.resize(picture.image, (round(width * size), round(height * size)), interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    image = ground((height, width), rng).copy()
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    image[y : y + h, x : x + w] = small
    points = (picture.points + 0.5) * [w / width, h / height] - 0.5 + [x, y]
    return Picture(image, points, picture.scale * size)


def turned(degrees: float, picture: Picture, rng: np.random.Generator) -> Picture:
    """Turn a picture about its centre; positive angles counter-clockwise."""
    height, width = picture.image.shape[:2]
    move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    image = cv2.warpAffine(picture.image, move, (width, height), borderValue=[_BORDER] * 3).astype(np.uint8)
    return replace(picture, image=image, points=picture.points @ move[:, :2].T + move[:, 2])


def cut(part: str, picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut off a third of a picture: `upper`, `lower`, `left` or `right`. The true keypoints there lie outside then."""
    height, width = picture.image.shape[:2]
    top, left = (height // 3 if part == "upper" else 0), (width // 3 if part == "left" else 0)
    bottom = height - height // 3 if part == "lower" else height
    right = width - width // 3 if part == "right" else width
    image = np.ascontiguousarray(picture.image[top:bottom, left:right])
    return replace(picture, image=image, points=picture.points - [left, top])


def lit(factor: float, picture: Picture, rng: np.random.Generator) -> Picture:
    """Multiply the light; what is too bright is white."""
    return replace(picture, image=cv2.convertScaleAbs(picture.image, alpha=factor).astype(np.uint8))


def moved(picture: Picture, rng: np.random.Generator) -> Picture:
    """Blur a picture along its rows, as a camera that pans."""
    length = 2 * round(_MOTION * picture.image.shape[0] / 2) + 1
    kernel = np.full((1, length), 1 / length, np.float32)
    return replace(picture, image=cv2.filter2D(picture.image, -1, kernel).astype(np.uint8))


def grainy(picture: Picture, rng: np.random.Generator) -> Picture:
    """Add strong noise of a dark room."""
    noise = rng.normal(0, _GRAIN, picture.image.shape)
    return replace(picture, image=np.clip(picture.image + noise, 0, 255).round().astype(np.uint8))


def compressed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Compress a picture as JPEG of very low quality."""
    _, content = cv2.imencode(".jpg", picture.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return replace(picture, image=np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8))
