"""The picture of a prediction: markers coloured by confidence, leg lines, angles, or the reason why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.measure.base import Label, Measurement
from heelstrike.package.runtime import Prediction
from heelstrike.units import symbol

Colour = tuple[int, int, int]  # RGB

_WHITE: Colour = (245, 245, 245)
_SHADE: Colour = (16, 20, 28)
_AMBER: Colour = (255, 190, 60)
_CONFIDENCE: tuple[Colour, Colour, Colour] = ((235, 64, 52), (250, 190, 40), (54, 214, 120))  # at 0, 0.5, 1
_RING = 11  # radius of a marker's ring, in pixels at 1080p
_FARTHEST = 10_000  # pixels; OpenCV's coordinates are 32-bit
_SUBPIXEL = 4  # binary digits after the point in the coordinates that OpenCV draws at


@dataclass(frozen=True)
class Style:
    """What stays the same over the frames of one input.

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


def draw(
    image: UInt8[np.ndarray, "H W 3"],
    prediction: Prediction,
    measurement: Measurement | None,
    style: Style,
    heading: str = "",
    doubts: Sequence[str] = (),
    labels: Sequence[Label] = (),
) -> UInt8[np.ndarray, "H W 3"]:
    """A copy of an RGB image with its prediction drawn in; sizes follow the image's height.

    Args:
        image: The image as displayed.
        prediction: In the image's pixels.
        measurement: What was read off it; none where the problem measures nothing.
        style: See `Style`.
        heading: Said after the title: frame number, time.
        doubts: Why it is not reliable; nothing where it is.
        labels: What the measure writes beside its points.
    """
    canvas = np.ascontiguousarray(image).copy()
    unit = max(min(image.shape[:2]) / 1080, 0.3)
    if prediction.box is not None:
        _box(canvas, prediction.box, unit)
    if prediction.keypoints is not None and prediction.confidence is not None:
        _points(canvas, prediction, style, unit)
    if prediction.boxes is not None:
        _instances(canvas, prediction, style, unit)
    for label in labels:
        _label(canvas, label, unit)
    lines = _text(measurement, f"{style.title}  {heading}".strip())
    lines += [(f"not reliable: {doubt}", _AMBER) for doubt in doubts]
    _panel(canvas, [*lines, *_class_lines(prediction, style)], unit)
    return canvas


def _points(canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, u: float) -> None:
    """The skeleton between points that are sure, the discs that these may lie in, and every point's marker."""
    assert prediction.keypoints is not None
    assert prediction.confidence is not None
    keypoints, confidence = prediction.keypoints, prediction.confidence
    found = np.isfinite(keypoints).all(axis=1) & (confidence >= style.threshold)
    for a, b in style.skeleton:
        if found[a] and found[b]:
            _line(canvas, keypoints[a], keypoints[b], u)
    if prediction.radius is not None:
        for point, radius in zip(keypoints[found], prediction.radius[found], strict=True):
            _disc(canvas, point, float(radius), u)
    for point, value, sure in zip(keypoints, confidence, found, strict=True):
        if np.isfinite(point).all():
            _marker(canvas, point, confidence_colour(float(value)), bool(sure), u)


def confidence_colour(confidence: float) -> Colour:
    """Red at 0 over amber to green at 1."""
    low, middle, high = (np.array(c) for c in _CONFIDENCE)
    c = min(max(confidence, 0.0), 1.0)
    mixed = low + (middle - low) * c * 2 if c < 0.5 else middle + (high - middle) * (c - 0.5) * 2
    return int(mixed[0]), int(mixed[1]), int(mixed[2])


def _at(point: Float[np.ndarray, "2"] | Sequence[float]) -> tuple[int, int]:
    limited = np.clip(np.asarray(point, dtype=np.float64), -_FARTHEST, _FARTHEST)
    x, y = np.round(limited * 2**_SUBPIXEL).astype(int)
    return int(x), int(y)


def _line(canvas: UInt8[np.ndarray, "H W 3"], a: Float[np.ndarray, "2"], b: Float[np.ndarray, "2"], u: float) -> None:
    """A line between two markers' rings, not into them."""
    length = float(np.linalg.norm(b - a))
    if length <= 2 * _RING * u:
        return
    gap = (b - a) * (_RING * u / length)
    a, b = a + gap, b - gap
    for colour, width in ((_SHADE, 6 * u), (_WHITE, 2.6 * u)):
        cv2.line(canvas, _at(a), _at(b), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def _disc(canvas: UInt8[np.ndarray, "H W 3"], point: Float[np.ndarray, "2"], radius: float, u: float) -> None:
    """A thin circle of the radius; none where it is without limit."""
    if not np.isfinite(radius):
        return
    size = round(min(radius, _FARTHEST) * 2**_SUBPIXEL)
    for colour, width in ((_SHADE, 3 * u), (_WHITE, 1.4 * u)):
        cv2.circle(canvas, _at(point), size, colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def _marker(
    canvas: UInt8[np.ndarray, "H W 3"], point: Float[np.ndarray, "2"], colour: Colour, sure: bool, u: float
) -> None:
    """A ring around the point, open so that the marker on the skin stays visible; a cross where not sure."""
    radius, fine = _RING * u, 2**_SUBPIXEL
    for c, width in ((_SHADE, 6.5 * u), (colour, 3.5 * u)):
        thickness = max(1, round(width))
        if sure:
            cv2.circle(canvas, _at(point), round(radius * fine), c, thickness, cv2.LINE_AA, _SUBPIXEL)
        else:
            for dx, dy in ((1, 1), (1, -1)):
                arm = np.array([dx, dy]) * radius * 0.6
                cv2.line(canvas, _at(point - arm), _at(point + arm), c, thickness, cv2.LINE_AA, _SUBPIXEL)
    if sure:
        cv2.circle(canvas, _at(point), round(1.6 * u * fine), colour, -1, cv2.LINE_AA, _SUBPIXEL)


def _box(canvas: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"], u: float) -> None:
    """The four corners of the box, thin."""
    if not np.isfinite(box).all() or min(box[2:]) <= 0:
        return
    x, y, w, h = map(float, box)
    arm = min(w, h, 160 * u) / 4
    for colour, width in ((_SHADE, 4.5 * u), (_WHITE, 2 * u)):
        for cx, cy, dx, dy in ((x, y, 1, 1), (x + w, y, -1, 1), (x, y + h, 1, -1), (x + w, y + h, -1, -1)):
            for end in ((cx + dx * arm, cy), (cx, cy + dy * arm)):
                cv2.line(canvas, _at((cx, cy)), _at(end), colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def _instances(canvas: UInt8[np.ndarray, "H W 3"], prediction: Prediction, style: Style, u: float) -> None:
    """Corners of every instance that is sure enough, with class and score."""
    assert prediction.boxes is not None
    assert prediction.scores is not None
    assert prediction.classes is not None
    for box, score, kind in zip(prediction.boxes, prediction.scores, prediction.classes, strict=True):
        if score >= style.threshold:
            _box(canvas, box, u)
            text, size = f"{style.kinds[int(kind)]} {score:.2f}", 22 * u
            width, height = _extent(text, size)
            _plate(canvas, box[0], box[1] - height - 6 * u, width + 8 * u, height + 6 * u)
            _write(canvas, text, box[0] + 4 * u, box[1] - 4 * u, size, confidence_colour(float(score)))


def _class_lines(prediction: Prediction, style: Style) -> list[tuple[str, Colour]]:
    """Each class with its probability, the likeliest first."""
    if prediction.probabilities is None:
        return []
    order = np.argsort(-prediction.probabilities)
    sure = prediction.probabilities[order[0]] >= style.threshold
    return [
        (f"{style.kinds[kind]}  {prediction.probabilities[kind]:.0%}", _WHITE if place or sure else _AMBER)
        for place, kind in enumerate(order)
    ]


def _text(measurement: Measurement | None, heading: str) -> list[tuple[str, Colour]]:
    """The panel's lines and their colours."""
    lines = [(heading, _WHITE)] if heading else []
    if measurement is None:
        return lines
    for name, value in measurement.values.items():
        unit = symbol(measurement.unit_of(name))
        lines.append((f"{name}  {_signed(value)}{measurement.margin(name)}{unit}", _WHITE))
    if not measurement.measured:
        lines.append((f"not measured: {measurement.message}", _AMBER))
    return lines + [(warning, _AMBER) for warning in measurement.warnings]


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _label(canvas: UInt8[np.ndarray, "H W 3"], label: Label, u: float) -> None:
    """A text on a plate beside its point, as far as the image reaches."""
    x, y = label.point
    width, height = _extent(label.text, 30 * u)
    left = x - width - 34 * u if label.side == "left" else x + 34 * u
    left = min(max(left, 8 * u), canvas.shape[1] - width - 8 * u)
    _plate(canvas, left - 10 * u, y - 0.5 * height - 8 * u, width + 20 * u, height + 16 * u)
    _write(canvas, label.text, left, y + 0.36 * height, 30 * u, _WHITE)


def _panel(canvas: UInt8[np.ndarray, "H W 3"], lines: list[tuple[str, Colour]], u: float) -> None:
    """Lines of text on a dark plate in the top-left corner, shrunk where they would not fit."""
    if not lines:
        return
    size = 30 * u
    widest = max(_extent(text, size)[0] for text, _ in lines)
    size *= min(1.0, (canvas.shape[1] - 72 * u) / widest)
    width, step = max(_extent(text, size)[0] for text, _ in lines), 1.45 * size
    _plate(canvas, 20 * u, 20 * u, width + 32 * u, step * len(lines) + 20 * u)
    for row, (text, colour) in enumerate(lines):
        _write(canvas, text, 36 * u, 30 * u + step * (row + 0.72), size, colour)


def _plate(canvas: UInt8[np.ndarray, "H W 3"], x: float, y: float, width: float, height: float) -> None:
    """Darken a rectangle, so that text on it is legible on every background."""
    top, left = max(0, round(y)), max(0, round(x))
    part = canvas[top : max(0, round(y + height)), left : max(0, round(x + width))]
    if part.size:
        cv2.addWeighted(part, 0.3, np.full_like(part, _SHADE), 0.7, 0, dst=part)


_FONT = cv2.FontFace("sans")  # comes with OpenCV; knows the degree sign


def _extent(text: str, size: float) -> tuple[int, int]:
    _, _, width, height = cv2.getTextSize((0, 0), text, (0, 0), _FONT, max(8, round(size)), 500)
    return width, height


def _write(canvas: UInt8[np.ndarray, "H W 3"], text: str, x: float, y: float, size: float, colour: Colour) -> None:
    cv2.putText(canvas, text, (round(x), round(y)), colour, _FONT, max(8, round(size)), 500)
