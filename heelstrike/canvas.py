"""Drawing on an image: lines, markers, boxes and text, legible on every background.

Coordinates are pixels of the image. Line widths and marker sizes are given for a 1080p image; `scale` multiplies them.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Colour = tuple[int, int, int]  # RGB

WHITE: Colour = (245, 245, 245)
SHADE: Colour = (16, 20, 28)
AMBER: Colour = (255, 190, 60)
_CONFIDENCE: tuple[Colour, Colour, Colour] = ((235, 64, 52), (250, 190, 40), (54, 214, 120))  # at 0, 0.5, 1
_RING = 11  # radius of a marker's ring, in pixels at 1080p
_FARTHEST = 10_000  # pixels; OpenCV's coordinates are 32-bit
_SUBPIXEL = 4  # fractional bits of the coordinates that OpenCV draws at
_FONT = cv2.FontFace("sans")  # part of OpenCV; has the degree sign


def confidence_colour(confidence: float) -> Colour:
    """Return a colour for a confidence: red at 0, amber at 0.5, green at 1."""
    low, middle, high = (np.array(c) for c in _CONFIDENCE)
    c = min(max(confidence, 0.0), 1.0)
    mixed = low + (middle - low) * c * 2 if c < 0.5 else middle + (high - middle) * (c - 0.5) * 2
    return int(mixed[0]), int(mixed[1]), int(mixed[2])


def _at(point: Float[np.ndarray, "2"] | Sequence[float]) -> tuple[int, int]:
    limited = np.clip(np.asarray(point, dtype=np.float64), -_FARTHEST, _FARTHEST)
    x, y = np.round(limited * 2**_SUBPIXEL).astype(int)
    return int(x), int(y)


def bone(
    canvas: UInt8[np.ndarray, "H W 3"], a: Float[np.ndarray, "2"], b: Float[np.ndarray, "2"], scale: float
) -> None:
    """Draw a line between two markers that ends at their rings."""
    length = float(np.linalg.norm(b - a))
    if length <= 2 * _RING * scale:
        return
    gap = (b - a) * (_RING * scale / length)
    a, b = a + gap, b - gap
    for colour, width in ((SHADE, 6 * scale), (WHITE, 2.6 * scale)):
        cv2.line(canvas, _at(a), _at(b), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def disc(canvas: UInt8[np.ndarray, "H W 3"], point: Float[np.ndarray, "2"], radius: float, scale: float) -> None:
    """Draw a thin circle with this radius; draw nothing if the radius is infinite."""
    if not np.isfinite(radius):
        return
    size = round(min(radius, _FARTHEST) * 2**_SUBPIXEL)
    for colour, width in ((SHADE, 3 * scale), (WHITE, 1.4 * scale)):
        cv2.circle(canvas, _at(point), size, colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def marker(
    canvas: UInt8[np.ndarray, "H W 3"], point: Float[np.ndarray, "2"], colour: Colour, sure: bool, scale: float
) -> None:
    """Draw an open ring around the point, so that the marker on the skin stays visible; a cross if it is not sure."""
    radius, fine = _RING * scale, 2**_SUBPIXEL
    for c, width in ((SHADE, 6.5 * scale), (colour, 3.5 * scale)):
        thickness = max(1, round(width))
        if sure:
            cv2.circle(canvas, _at(point), round(radius * fine), c, thickness, cv2.LINE_AA, _SUBPIXEL)
        else:
            for dx, dy in ((1, 1), (1, -1)):
                arm = np.array([dx, dy]) * radius * 0.6
                cv2.line(canvas, _at(point - arm), _at(point + arm), c, thickness, cv2.LINE_AA, _SUBPIXEL)
    if sure:
        cv2.circle(canvas, _at(point), round(1.6 * scale * fine), colour, -1, cv2.LINE_AA, _SUBPIXEL)


def corners(canvas: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"], scale: float) -> None:
    """Draw the four corners of a box (x, y, width, height) as thin lines."""
    if not np.isfinite(box).all() or min(box[2:]) <= 0:
        return
    x, y, w, h = map(float, box)
    arm = min(w, h, 160 * scale) / 4
    for colour, width in ((SHADE, 4.5 * scale), (WHITE, 2 * scale)):
        for cx, cy, dx, dy in ((x, y, 1, 1), (x + w, y, -1, 1), (x, y + h, 1, -1), (x + w, y + h, -1, -1)):
            for end in ((cx + dx * arm, cy), (cx, cy + dy * arm)):
                cv2.line(canvas, _at((cx, cy)), _at(end), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def plate(canvas: UInt8[np.ndarray, "H W 3"], x: float, y: float, width: float, height: float) -> None:
    """Darken a rectangle, so that text on it is legible."""
    top, left = max(0, round(y)), max(0, round(x))
    part = canvas[top : max(0, round(y + height)), left : max(0, round(x + width))]
    if part.size:
        cv2.addWeighted(part, 0.3, np.full_like(part, SHADE), 0.7, 0, dst=part)


def extent(text: str, size: float) -> tuple[int, int]:
    """Return the width and height of a text in pixels."""
    _, _, width, height = cv2.getTextSize((0, 0), text, (0, 0), _FONT, max(8, round(size)), 500)
    return width, height


def write(canvas: UInt8[np.ndarray, "H W 3"], text: str, x: float, y: float, size: float, colour: Colour) -> None:
    """Write a text; (x, y) is the left end of its baseline."""
    cv2.putText(canvas, text, (round(x), round(y)), colour, _FONT, max(8, round(size)), 500)
