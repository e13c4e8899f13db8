"""The page: what was measured by which model, the headline, a picture, values over time, and what to know."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from heelstrike.note import NOTE
from heelstrike.serve.columns import columns_of, frames_of, read_columns
from heelstrike.serve.records import Evaluation
from heelstrike.serve.report.chart import Area, draw_curves, draw_values
from heelstrike.serve.report.picture import draw_picture
from heelstrike.serve.report.text import Writer, written

_MARGIN, _GAP = 16 * mm, 5 * mm
_PICTURE, _CHART, _CURVES = 64 * mm, 46 * mm, 42 * mm  # heights
_MOST_NOTES = 6


def report_of(evaluation: Evaluation, result: Path, view: Path) -> bytes:
    """Return the report of a result as a PDF.

    Args:
        evaluation: The evaluation that the result belongs to.
        result: JSON of the result.
        view: The copy of the image or video for browsers. Without it the report has no picture.
    """
    header, columns = read_columns(columns_of(result))
    about = header["result"]
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    canvas.setTitle(f"{evaluation.name}: {about['source']['file']}")
    canvas.setCreator(NOTE)
    width, height = A4[0] - 2 * _MARGIN, A4[1]
    writer = Writer(canvas, _MARGIN, height - _MARGIN, width)
    _head(writer, evaluation, about)
    writer.table(*_headline(about))
    index = _shown_frame(about, columns)
    if view.exists():
        area = Area(_MARGIN, writer.y - _PICTURE, width, _PICTURE)
        draw_picture(canvas, area, view, _frame(result, index), about, float(columns["media_s"][index]))
        writer.y -= _PICTURE + _GAP
    if header["quantities"] and about["source"]["kind"] == "video":
        writer.line(f"The picture is frame {index}, at {columns['time_s'][index]:.2f} s.", small=True)
        draw_values(canvas, Area(_MARGIN, writer.y - _CHART, width, _CHART), header, columns)
        writer.y -= _CHART + _GAP
    notes = writer
    if (about.get("steps") or {}).get("legs"):
        draw_curves(canvas, Area(_MARGIN, writer.y - _CURVES, width / 2, _CURVES), about["steps"])
        notes = Writer(canvas, _MARGIN + width / 2 + _GAP, writer.y, width / 2 - _GAP)
    for note in _notes(about)[:_MOST_NOTES]:
        notes.line(f"{note[:1].upper()}{note[1:]}.", small=True)
    writer.foot(f"Heelstrike {about['heelstrike']}. Not a medical device: a person checks every result.")
    canvas.save()
    return stream.getvalue()


def _head(writer: Writer, evaluation: Evaluation, about: dict[str, Any]) -> None:
    model = about["model"]
    writer.title(evaluation.name)
    writer.line(f"{about['source']['file']}; evaluation of {evaluation.created[:10]}")
    name = model["reference"] if model["version"] else model["problem"]
    writer.line(f"Model {name}, package {model['digest'][:12]}", small=True)


def _headline(about: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of what is read off: of steps if there are any, else of frames."""
    steps, summary = about.get("steps"), about["summary"]
    if steps and steps["legs"]:
        rows = [
            [
                f"{side}, {name.replace('_', '-')}",
                written(value["mean"], steps["units"][name]),
                written(value["sd"], steps["units"][name]),
                written(value["half_width"], steps["units"][name]),
                str(value["steps"]),
            ]
            for side, leg in [*steps["legs"].items(), ("left minus right", {"values": steps["difference"]})]
            for name, value in leg["values"].items()
            if name in ("mid_stance", "range", "stance")
        ]
        return ["", "mean", "SD", "may be off by", "steps"], rows
    rows = [
        [name, *(written(spread[key], summary["units"][name]) for key in ("median", "min", "max"))]
        for name, spread in summary.get("values", {}).items()
    ]
    return ["", "median of frames", "least", "most"], rows


def _shown_frame(about: dict[str, Any], columns: dict[str, np.ndarray]) -> int:
    """Return the measured frame that is nearest to the middle of the first stance, else the first measured one."""
    measured = np.flatnonzero(columns["reason"] == 0)
    if not len(measured):
        return 0
    steps = (about.get("steps") or {}).get("steps", [])
    if not steps:
        return int(measured[0])
    middle = (steps[0]["strike_s"] + steps[0]["toe_off_s"]) / 2
    return int(measured[np.abs(columns["time_s"][measured] - middle).argmin()])


def _frame(result: Path, index: int) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(frames_of(result, index, 1))[0]
    return frame


def _notes(about: dict[str, Any]) -> list[str]:
    steps, summary = about.get("steps") or {}, about["summary"]
    notes = []
    if summary.get("measured") is not None and summary["frames"] > 1:
        reasons = ", ".join(
            f"{reason.replace('_', ' ')} in {count}" for reason, count in summary["not_measured"].items()
        )
        of = f"{summary['measured']} of {summary['frames']} frames were measured"
        notes.append(f"{of} (not measured: {reasons})" if reasons else of)
    if steps.get("message"):
        notes.append(f"no steps: {steps['message']}")
    return notes + list(steps.get("notes", ()))
