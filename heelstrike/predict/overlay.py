"""The overlay: an image with its predictions, its measured values, or the reason why there are none."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from heelstrike.canvas import AMBER, WHITE, Colour, extent, plate, write
from heelstrike.heads.base import Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS
from heelstrike.measure.base import Label, Measurement
from heelstrike.numbers import fixed
from heelstrike.units import symbol


def draw(
    image: UInt8[np.ndarray, "H W 3"],
    prediction: Prediction,
    measurement: Measurement | None,
    style: Style,
    heading: str = "",
    doubts: Sequence[str] = (),
    labels: Sequence[Label] = (),
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a copy of an RGB image with its prediction drawn in.

    Args:
        image: RGB image as displayed; line widths and text follow its shorter side.
        prediction: Prediction in the image's pixels.
        measurement: The measured values; `None` if the model measures nothing.
        style: How to draw.
        heading: Text after the title, for instance frame number and time.
        doubts: Why the frame is not reliable; empty if it is.
        labels: Labels of the measure, drawn beside their points.
    """
    canvas = np.ascontiguousarray(image).copy()
    scale = max(min(image.shape[:2]) / 1080, 0.3)
    for head in reversed(HEADS.values()):
        head.draw(canvas, prediction, style, scale)
    for label in labels:
        _label(canvas, label, scale)
    lines = _text(measurement, f"{style.title}  {heading}".strip())
    written = None if measurement is None else measurement.message
    lines += [(f"not reliable: {doubt}", AMBER) for doubt in doubts if doubt != written]
    if prediction.people is not None and prediction.people > 1:
        lines.append((f"{prediction.people} people in view", AMBER))
    lines += [line for head in HEADS.values() for line in head.lines(prediction, style)]
    _panel(canvas, lines, scale)
    return canvas


def _text(measurement: Measurement | None, heading: str) -> list[tuple[str, Colour]]:
    """Return the heading and the measured values as lines with their colours."""
    lines = [(heading, WHITE)] if heading else []
    if measurement is None:
        return lines
    for name, value in measurement.values.items():
        unit = symbol(measurement.unit_of(name))
        lines.append((f"{name}  {_signed(value)}{measurement.margin(name)}{unit}", WHITE))
    if not measurement.measured:
        lines.append((f"not measured: {measurement.message}", AMBER))
    return lines + [(warning, AMBER) for warning in measurement.warnings]


def _signed(value: float) -> str:
    return fixed(value, 1, signed=True).replace("-", "−")


def _label(canvas: UInt8[np.ndarray, "H W 3"], label: Label, scale: float) -> None:
    """Write a label on a dark plate beside its point, moved so that it stays within the image."""
    x, y = label.point
    width, height = extent(label.text, 30 * scale)
    left = x - width - 34 * scale if label.side == "left" else x + 34 * scale
    left = min(max(left, 8 * scale), canvas.shape[1] - width - 8 * scale)
    plate(canvas, left - 10 * scale, y - 0.5 * height - 8 * scale, width + 20 * scale, height + 16 * scale)
    write(canvas, label.text, left, y + 0.36 * height, 30 * scale, WHITE)


def _panel(canvas: UInt8[np.ndarray, "H W 3"], lines: list[tuple[str, Colour]], scale: float) -> None:
    """Write lines of text on a dark plate in the top-left corner, smaller if they would not fit."""
    if not lines:
        return
    size = 30 * scale
    widest = max(extent(text, size)[0] for text, _ in lines)
    size *= min(1.0, (canvas.shape[1] - 72 * scale) / widest)
    width, step = max(extent(text, size)[0] for text, _ in lines), 1.45 * size
    plate(canvas, 20 * scale, 20 * scale, width + 32 * scale, step * len(lines) + 20 * scale)
    for row, (text, colour) in enumerate(lines):
        write(canvas, text, 36 * scale, 30 * scale + step * (row + 0.72), size, colour)
