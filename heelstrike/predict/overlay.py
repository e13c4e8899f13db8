"""The picture of a prediction: markers coloured by confidence, leg lines, angles, or the reason why there are none."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from heelstrike.canvas import AMBER, WHITE, Colour, extent, plate, write
from heelstrike.heads.base import Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS
from heelstrike.measure.base import Label, Measurement
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
    """A copy of an RGB image with its prediction drawn in; sizes follow the image's height.

    Args:
        image: The image as displayed.
        prediction: In the image's pixels.
        measurement: What was read off it; `None` where the problem measures nothing.
        style: See `Style`.
        heading: Said after the title: frame number, time.
        doubts: Why it is not reliable; nothing where it is.
        labels: What the measure writes beside its points.
    """
    canvas = np.ascontiguousarray(image).copy()
    unit = max(min(image.shape[:2]) / 1080, 0.3)
    for head in reversed(HEADS.values()):
        head.draw(canvas, prediction, style, unit)
    for label in labels:
        _label(canvas, label, unit)
    lines = _text(measurement, f"{style.title}  {heading}".strip())
    lines += [(f"not reliable: {doubt}", AMBER) for doubt in doubts]
    lines += [line for head in HEADS.values() for line in head.lines(prediction, style)]
    _panel(canvas, lines, unit)
    return canvas


def _text(measurement: Measurement | None, heading: str) -> list[tuple[str, Colour]]:
    """The panel's lines and their colours."""
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
    return f"{value:+.1f}".replace("-", "−")


def _label(canvas: UInt8[np.ndarray, "H W 3"], label: Label, scale: float) -> None:
    """A text on a plate beside its point, as far as the image reaches."""
    x, y = label.point
    width, height = extent(label.text, 30 * scale)
    left = x - width - 34 * scale if label.side == "left" else x + 34 * scale
    left = min(max(left, 8 * scale), canvas.shape[1] - width - 8 * scale)
    plate(canvas, left - 10 * scale, y - 0.5 * height - 8 * scale, width + 20 * scale, height + 16 * scale)
    write(canvas, label.text, left, y + 0.36 * height, 30 * scale, WHITE)


def _panel(canvas: UInt8[np.ndarray, "H W 3"], lines: list[tuple[str, Colour]], scale: float) -> None:
    """Lines of text on a dark plate in the top-left corner, shrunk where they would not fit."""
    if not lines:
        return
    size = 30 * scale
    widest = max(extent(text, size)[0] for text, _ in lines)
    size *= min(1.0, (canvas.shape[1] - 72 * scale) / widest)
    width, step = max(extent(text, size)[0] for text, _ in lines), 1.45 * size
    plate(canvas, 20 * scale, 20 * scale, width + 32 * scale, step * len(lines) + 20 * scale)
    for row, (text, colour) in enumerate(lines):
        write(canvas, text, 36 * scale, 30 * scale + step * (row + 0.72), size, colour)
