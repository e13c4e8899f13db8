"""Charts of a result: values over time, and the mean angle over stance."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from heelstrike.serve.report.text import INK, QUIET, RULE
from heelstrike.units import symbol

COLOURS = {"left": HexColor("#1f6fe0"), "right": HexColor("#d9730d")}
_OTHERS = (HexColor("#1c7c75"), HexColor("#8a5a83"), HexColor("#c2383d"), HexColor("#4f8f8b"))
_BAND_OPACITY = 0.18
_MOST_POINTS = 4000  # of a line; more cannot be told apart on paper
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Area(NamedTuple):
    """A rectangle of the page in points; (x, y) is its bottom-left corner."""

    x: float
    y: float
    width: float
    height: float


def draw_values(canvas: Canvas, area: Area, header: dict[str, Any], columns: dict[str, np.ndarray]) -> None:
    """Draw the quantities that have the unit of the first one over time, with their half-widths as bands."""
    units = header["quantities"]
    unit = next(iter(units.values()))
    names = [name for name in units if units[name] == unit]
    every = max(1, len(columns["time_s"]) // _MOST_POINTS)
    x = columns["time_s"][::every]
    lines = {name: (columns[f"value {name}"][::every], columns[f"half_width {name}"][::every]) for name in names}
    _draw(canvas, area, x, lines, "seconds", symbol(unit).strip() or "share")


def draw_curves(canvas: Canvas, area: Area, steps: dict[str, Any]) -> None:
    """Draw the mean angle over stance of each leg, with its standard deviation as a band."""
    lines = {
        side: (np.array(leg["curve_deg"], float), np.array(leg["curve_sd_deg"] or [np.nan] * 101, float))
        for side, leg in steps["legs"].items()
    }
    _draw(canvas, area, np.arange(101.0), lines, "% of stance; bands: standard deviation over steps", "°")


def _draw(
    canvas: Canvas,
    area: Area,
    x: Float[np.ndarray, " T"],
    lines: dict[str, tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]],
    below: str,
    unit: str,
) -> None:
    known = np.concatenate([value[np.isfinite(value)] for value, _ in lines.values()])
    if not len(known):
        return
    low, high = float(known.min()), float(known.max())
    margin = max(0.1 * (high - low), 0.02)
    low, high = low - margin, high + margin
    inner = Area(area.x + 9 * mm, area.y + 9 * mm, area.width - 9 * mm, area.height - 14 * mm)

    def at(time: Float[np.ndarray, "..."], value: Float[np.ndarray, "..."]) -> Float[np.ndarray, "... 2"]:
        across = inner.x + (time - x[0]) / max(x[-1] - x[0], 1e-9) * inner.width
        return np.stack([across, inner.y + (np.clip(value, low, high) - low) / (high - low) * inner.height], axis=-1)

    _axes(canvas, inner, at, (float(x[0]), float(x[-1])), (low, high), below, unit)
    for number, (name, (value, width)) in enumerate(lines.items()):
        colour = COLOURS.get(name, _OTHERS[number % len(_OTHERS)])
        for run in _runs(np.isfinite(value) & np.isfinite(width)):
            edge = np.concatenate([at(x[run], value[run] + width[run]), at(x[run], value[run] - width[run])[::-1]])
            _polygon(canvas, edge, colour)
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(1)
        for run in _runs(np.isfinite(value)):
            _polyline(canvas, at(x[run], value[run]))
        canvas.setFillColor(colour)
        canvas.drawString(inner.x + number * 32 * mm, inner.y + inner.height + 2 * mm, name.replace("_", " "))


def _axes(
    canvas: Canvas, inner: Area, at: Any, across: tuple[float, float], up: tuple[float, float], below: str, unit: str
) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.setLineWidth(0.4)
    for value in _ticks(*up):
        _, y = at(np.array(across[0]), np.array(value))
        canvas.setStrokeColor(INK if value == 0 else RULE)
        canvas.line(inner.x, y, inner.x + inner.width, y)
        canvas.setFillColor(QUIET)
        canvas.drawRightString(inner.x - 1.5 * mm, y - 2, f"{value:g}{unit if unit == '°' else ''}".replace("-", "–"))
    for value in _ticks(*across):
        left, _ = at(np.array(value), np.array(up[0]))
        canvas.drawCentredString(left, inner.y - 4 * mm, f"{value:g}")
    canvas.drawRightString(inner.x + inner.width, inner.y - 8 * mm, below)


def _ticks(low: float, high: float) -> list[float]:
    """Return round values between two numbers, about six of them."""
    scale = 0.01 if high - low < 1 else 1
    step = next((scale * s for s in _STEPS if (high - low) / (scale * s) <= 8), high - low)
    return [float(round(k * step, 6)) for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _runs(known: np.ndarray) -> list[slice]:
    """Return the stretches of consecutive true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _polyline(canvas: Canvas, points: Float[np.ndarray, "N 2"]) -> None:
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    canvas.drawPath(path)


def _polygon(canvas: Canvas, points: Float[np.ndarray, "N 2"], colour: Color) -> None:
    canvas.saveState()
    canvas.setFillColor(colour, alpha=_BAND_OPACITY)
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()
