"""The arch index of an ink print (Cavanagh and Rodgers, J Biomech 1987; 20: 547-551)."""

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_BLUR = 0.006  # share of the foot's length; smooths the grain of ink and paper


def arch_index(image: UInt8[np.ndarray, "H W 3"], points: Float[np.ndarray, "8 2"], ink_on: str) -> float:
    """Return the inked area of the middle third of the foot without toes, divided by that of all three thirds.

    The foot without toes reaches from the heel to the end of the ball's pad. That is a share of the way from the heel
    to the top of the second toe: the share of the farther metatarsal head plus 0.08, at least 0.72 and at most 0.85.

    Args:
        image: The print, RGB.
        points: Tops of the five toes, medial and lateral metatarsal head, heel; in pixels.
        ink_on: `light` paper or `dark` background.

    Returns:
        The index; NaN if there is hardly any ink.
    """
    heel, axis = points[7], points[1] - points[7]
    length = float(np.linalg.norm(axis))
    if length == 0:
        return math.nan
    forward = axis / length
    ink = ink_mask(image, length, ink_on)
    rows, columns = np.nonzero(ink)
    at = np.stack([columns, rows], axis=1) - heel
    along = at @ forward / length
    ball = float(max((points[5] - heel) @ forward, (points[6] - heel) @ forward) / length)
    end = min(max(0.72, ball + 0.08), 0.85)
    aside = np.abs(at @ np.array([-forward[1], forward[0]])) / length
    sole = (along >= 0) & (along <= end) & (aside < 0.5)
    total = int(sole.sum())
    if total < 0.02 * length**2:
        return math.nan
    middle = sole & (along > end / 3) & (along <= 2 * end / 3)
    return float(middle.sum() / total)


def ink_mask(image: UInt8[np.ndarray, "H W 3"], length: float, ink_on: str) -> Bool[np.ndarray, "H W"]:
    """Return True for each pixel with ink, by Otsu's threshold of the smoothed image.

    Args:
        image: The print, RGB.
        length: Length of the foot in pixels.
        ink_on: `light` paper or `dark` background.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(gray, (0, 0), max(_BLUR * length, 0.5))
    kind = cv2.THRESH_BINARY_INV if ink_on == "light" else cv2.THRESH_BINARY
    return cv2.threshold(smooth, 0, 255, kind + cv2.THRESH_OTSU)[1] > 0
