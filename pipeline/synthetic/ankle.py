"""Photographs of both ankles from behind, at a given alignment, in front of cluttered backgrounds.

Alignment is the angle between the lower leg and the heel. It is positive when the heel leans outward (pronation: the
ankles fall towards each other) and negative when it leans inward (supination).
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from pipeline.synthetic.settings import SyntheticSource

CLASSES = ("pronation", "neutral", "supination")
_COUNTS = (134, 139, 50)  # photographs of each class among the 323 of the published study
_ANGLES = ((6.0, 18.0), (-4.0, 4.0), (-18.0, -6.0))  # lowest and highest angle of each class, degrees
_TONES = {"light": (232, 190, 165), "medium": (190, 140, 105), "dark": (105, 70, 52)}
_FINE = 8  # fractional bits of the polygon coordinates that OpenCV gets


class Photograph(NamedTuple):
    """A drawn photograph of two feet, seen from behind.

    Attributes:
        image: RGB image.
        category: Name of its class.
        tone: Name of the skin tone.
        degrees: Alignment of the left and of the right foot.
    """

    image: UInt8[np.ndarray, "H W 3"]
    category: str
    tone: str
    degrees: tuple[float, float]


def photograph(settings: SyntheticSource, person: int, index: int) -> Photograph:
    """Draw the photograph of (seed, person, index).

    The classes are dealt from a shuffled deck with the published shares. Skin and build belong to the person.
    """
    deck = np.repeat(np.arange(len(CLASSES)), _COUNTS)
    kind = int(np.random.default_rng(settings.seed).permutation(deck)[index % len(deck)])
    own, rng = np.random.default_rng([settings.seed, 1, person]), np.random.default_rng([settings.seed, 2, index])
    tone = list(_TONES)[int(own.integers(len(_TONES)))]
    skin = np.clip(np.array(_TONES[tone]) + own.normal(0, 8, 3), 0, 255)
    build = own.uniform(0.85, 1.15, 3)  # width of leg, ankle, heel
    height, width = settings.height, settings.width
    image = _background(height, width, rng)
    size = rng.uniform(0.8, 1.05) * min(height, width)
    centre = np.array([width / 2, 0.9 * height]) + rng.normal(0, 0.03, 2) * size
    light = rng.uniform(0.75, 1.15)
    degrees = []
    apart = rng.uniform(0.17, 0.23)
    for side in (-1, 1):
        angle = float(rng.uniform(*_ANGLES[kind]))
        degrees.append(angle)
        sole = centre + np.array([side * apart * size, rng.normal(0, 0.01) * size])
        _draw_leg(image, sole, side, angle, size, np.clip(skin * light, 0, 255), build, rng)
    image = np.asarray(_rolled(image, rng.normal(0, 2.0)))
    noise = rng.normal(0, rng.uniform(1, 5), image.shape)
    return Photograph(
        np.clip(cv2.GaussianBlur(image, (3, 3), 0.7) + noise, 0, 255).astype(np.uint8),
        CLASSES[kind],
        tone,
        (degrees[0], degrees[1]),
    )


def _background(height: int, width: int, rng: np.random.Generator) -> Float[np.ndarray, "H W 3"]:
    """Draw a wall, a floor and scattered objects."""
    image = np.full((height, width, 3), rng.uniform(60, 230, 3))
    horizon = int(height * rng.uniform(0.45, 0.8))
    image[horizon:] = rng.uniform(50, 220, 3)
    for _ in range(int(rng.integers(3, 10))):
        colour, at = tuple(rng.uniform(20, 240, 3).tolist()), rng.uniform(0, 1, 2) * (width, height)
        extent = rng.uniform(0.05, 0.35, 2) * (width, height)
        box = (at.tolist(), extent.tolist(), float(rng.uniform(0, 180)))
        if rng.random() < 0.5:
            cv2.ellipse(image, box, colour, -1)
        else:
            cv2.fillPoly(image, [np.rint(cv2.boxPoints(box)).astype(np.int32)], colour)
    return image * np.linspace(rng.uniform(0.8, 1), rng.uniform(0.8, 1), width)[None, :, None]


def _draw_leg(
    image: Float[np.ndarray, "H W 3"],
    sole: Float[np.ndarray, "2"],
    side: int,
    degrees: float,
    size: float,
    skin: Float[np.ndarray, "3"],
    build: Float[np.ndarray, "3"],
    rng: np.random.Generator,
) -> None:
    """Draw shank and heel as two tapered shapes that bend at the ankle, with darker sides that give them form."""
    leg_tilt = np.deg2rad(rng.normal(0, 2.5))
    heel_tilt = leg_tilt - side * np.deg2rad(degrees)  # from upright; outward is towards the foot's own side
    heel_length, leg_length = 0.2 * size, 0.85 * size
    up = np.array([np.sin(heel_tilt), -np.cos(heel_tilt)])
    ankle = sole + heel_length * up
    top = ankle + leg_length * np.array([np.sin(leg_tilt), -np.cos(leg_tilt)])
    wide, thin, heel = (np.array([0.19, 0.085, 0.115]) * build * size).tolist()
    for share, shade in ((1.0, 0.72), (0.86, 0.88), (0.6, 1.0)):
        colour = tuple((skin * shade).tolist())
        forefoot = sole + np.array([side * rng.uniform(0.05, 0.06), -0.012]) * size
        axes = (0.085 * share * size, 0.04 * share * size)
        cv2.ellipse(
            image, tuple(np.rint(forefoot).astype(int).tolist()), tuple(round(a) for a in axes), 0, 0, 360, colour, -1
        )
        _strip(image, ankle, top, share * thin / 2, share * wide / 2, colour)
        _strip(image, sole, ankle, share * heel / 2, share * thin / 2, colour)
        for point, radius in ((sole, share * heel / 2), (ankle, share * thin / 2)):
            cv2.circle(image, tuple(np.rint(point).astype(int).tolist()), round(radius), colour, -1, cv2.LINE_AA)
    tendon = tuple((skin * 0.8).tolist())
    ends = [
        np.rint(p * 2**_FINE).astype(int).tolist() for p in (sole + 0.3 * (ankle - sole), ankle + 0.35 * (top - ankle))
    ]
    cv2.line(image, ends[0], ends[1], tendon, max(1, round(0.008 * size)), cv2.LINE_AA, _FINE)


def _strip(
    image: Float[np.ndarray, "H W 3"],
    start: Float[np.ndarray, "2"],
    end: Float[np.ndarray, "2"],
    first: float,
    last: float,
    colour: tuple[float, ...],
) -> None:
    """Draw a strip whose half width is `first` at its start and `last` at its end."""
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    corners = np.array([start - first * across, start + first * across, end + last * across, end - last * across])
    cv2.fillPoly(image, [np.rint(corners * 2**_FINE).astype(np.int32)], colour, cv2.LINE_AA, _FINE)


def _rolled(image: Float[np.ndarray, "H W 3"], degrees: float) -> Float[np.ndarray, "H W 3"]:
    """Rotate the photograph about its centre, as if the camera were not held quite upright."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT))
