"""Stick figures, after the specification of the EE641 course's generator: five points, black lines on white.

In the course's images left and right hand have the same distribution and nothing tells them apart, so no network can
find both. With `sides` the figure holds a ball in its left hand. The feet differ by their position.
"""

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from pipeline.synthetic.settings import SyntheticSource

KEYPOINTS = ("head", "left_hand", "right_hand", "left_foot", "right_foot")
_SIDE = 128  # all lengths below are for an image of this side, pixels
_HEAD, _SHOULDER, _HIP, _FOOT = 8, 13, 33, 57  # radius of the head; distances below the head's centre
_ARM, _SWING, _STEP = 20, 1.0, (10, 29)  # length; largest angle from straight down, radians; range of a foot's offset
_LINE, _BALL = 3, 4
_BLACK, _WHITE = 0, 255


def picture(
    settings: SyntheticSource, index: int, sides: bool
) -> tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "5 2"]]:
    """Draw the image of (seed, index); return it with its points, whole pixels, in the order of `KEYPOINTS`."""
    rng = np.random.default_rng([settings.seed, index])
    scale = min(settings.width, settings.height) / _SIDE
    low = np.array([40, 20]) * scale
    high = np.array([settings.width, settings.height]) - np.array([40, 60]) * scale
    head = rng.uniform(low, np.maximum(high, low + 1))
    swings, step = rng.uniform(-_SWING, _SWING, 2), int(rng.integers(_STEP[0], _STEP[1] + 1))
    shoulder, hip = head + scale * np.array([0, _SHOULDER]), head + scale * np.array([0, _HIP])
    hands = shoulder + scale * _ARM * np.stack([np.sin(swings), np.cos(swings)], axis=1)
    feet = head + scale * np.array([[-step, _FOOT], [step, _FOOT]])
    points = np.rint(np.concatenate([head[None], hands, feet]))
    image = Image.new("L", (settings.width, settings.height), _WHITE)
    pen, line = ImageDraw.Draw(image), max(1, round(_LINE * scale))
    pen.ellipse(_around(points[0], _HEAD * scale), outline=_BLACK, width=line)
    strokes = [(head + scale * np.array([0, _HEAD]), hip)]
    strokes += [(shoulder, hand) for hand in points[1:3]] + [(hip, foot) for foot in points[3:]]
    for start, end in strokes:
        pen.line([*np.rint(start).tolist(), *end.tolist()], fill=_BLACK, width=line)
    if sides:
        pen.ellipse(_around(points[1], _BALL * scale), fill=_BLACK)
    return np.repeat(np.asarray(image)[..., None], 3, axis=2), points


def _around(point: Float[np.ndarray, "2"], radius: float) -> list[float]:
    """Return the corners of the square around a circle."""
    return [*(point - radius).tolist(), *(point + radius).tolist()]
