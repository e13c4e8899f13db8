"""report.html: what a clinician and an engineer need to know about a trained model, on one page."""

import base64
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from heelstrike.measure.base import Measure, Measurement
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import for_showing, statistics_of
from pipeline.evaluate.summary import count_reasons
from pipeline.heads.box import words as box_words
from pipeline.heads.classes import words as class_words
from pipeline.heads.detections import words as detection_words
from pipeline.heads.keypoints import exam_words, measure_words, radius_words
from pipeline.heads.keypoints import words as keypoint_words
from pipeline.problem import Problem
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Score

_TEMPLATES = Path(__file__).parent / "templates"
_LISTED = 200  # images that the page names; per_image.parquet has them all
Groups = dict[str, dict[str, float]]


class Report(NamedTuple):
    """Everything the page shows.

    Attributes:
        name: The problem's name.
        problem: Keypoints and input size.
        model: Settings of the network.
        metrics: Numbers by group, as `summarise` makes them.
        scores: The headline numbers.
        slices: As `slice_table` makes it.
        measure: What was read off the keypoints; none: nothing.
        measurements: Image, or exam, and what a consumer gets for it; empty without a measure.
        settings: Bands and bootstrap.
        figures: Name to PNG.
        started_from: What the training started from, in a line; empty: from nothing.
    """

    name: str
    problem: Problem
    model: dict[str, Any]
    metrics: Groups
    scores: list[Score]
    slices: pd.DataFrame
    measure: Measure | None
    measurements: list[tuple[str, Measurement]]
    settings: EvaluateSettings
    figures: dict[str, Path]
    started_from: str = ""


class Picture(NamedTuple):
    """A PNG inside the page.

    Attributes:
        name: Of the figure.
        png: Its bytes, in base 64.
        caption: What to see in it.
    """

    name: str
    png: str
    caption: str


class Section(NamedTuple):
    """A part of the page that some models have."""

    title: str
    sentences: list[str]
    pictures: list[Picture]


def write_report(report: Report, path: Path) -> None:
    """Write the page: one file that loads nothing."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    settings = ", ".join(f"{key} {value}" for key, value in report.model.items() if key != "name")
    page = environment.get_template("report.j2").render(
        report=report,
        network=report.model.get("name", "?"),
        settings=settings,
        images=report.metrics["images"],
        verdict=_verdict(report),
        scores=[[one.title, number(one.value, one.unit), one.pooling, one.metric] for one in report.scores],
        headline=[row for group, rows in _ROWS.items() if group in report.metrics for row in rows(report)],
        sheets=_pictures(report, _SHEETS),
        errors=_pictures(report, _ERROR_FIGURES),
        slice_figures=_pictures(report, ["slices"]),
        slices=_slices(report),
        unmeasured=_unmeasured(report) if report.measurements else None,
        sections=[*_confidence(report), *_radius(report)],
        training=_pictures(report, ["training"]),
        numbers=[[group, name, number(v)] for group, values in report.metrics.items() for name, v in values.items()],
    )
    path.write_text(page)


def _verdict(report: Report) -> str:
    """Of the first head that there is."""
    return next(say(report) for group, say in _VERDICTS.items() if group in report.metrics)


_VERDICTS: dict[str, Callable[[Report], str]] = {
    "keypoints": lambda report: keypoint_words.verdict(report.metrics, report.measure),
    "box": lambda report: box_words.verdict(report.metrics),
    "class": lambda report: class_words.verdict(report.metrics),
    "detections": lambda report: detection_words.verdict(report.metrics),
}


_ROWS: dict[str, Callable[[Report], list[list[str]]]] = {
    "keypoints": lambda report: keypoint_words.rows(report.metrics, report.problem, report.settings, report.measure),
    "box": lambda report: box_words.rows(report.metrics),
    "class": lambda report: class_words.rows(report.metrics, report.problem.kinds),
    "detections": lambda report: detection_words.rows(report.metrics, report.problem.kinds),
    "exams": lambda report: exam_words.rows(report.metrics),
}


def _slices(report: Report) -> dict[str, Any]:
    """Header and rows of the table of slices."""
    frame = for_showing(report.slices)
    statistics = statistics_of(frame)
    rows = []
    for row in frame.to_dict("records"):
        cells = [str(row["slice"]), str(row["value"]), str(row["images"]), str(row["subjects"])]
        for name in statistics:
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            cells.append(f"{number(row[name])} ({span(low, high)})")
        rows.append(cells)
    return {"header": ["slice", "value", "images", "subjects", *(s.replace("_", " ") for s in statistics)], "rows": rows}


def _confidence(report: Report) -> list[Section]:
    """What the confidence of keypoints is worth; nothing where there is none."""
    if "presence" not in report.metrics:
        return []
    presence, sentences = report.metrics["presence"], []
    if not math.isnan(presence["auroc"]):
        sentences.append(
            f"Points that are not there get a confidence that lets them pass in "
            f"{share(presence['missing_called_visible_share'])} of the cases; points that are visible are wrongly "
            f"called missing in {share(presence['visible_called_missing_share'])}. The confidence tells the two "
            f"apart with an AUROC of {number(presence['auroc'])} (1 is perfect, 0.5 is chance)."
        )
    return [Section("Confidence", sentences, _pictures(report, ["confidence"]))]


def _radius(report: Report) -> list[Section]:
    """How far points may be off; nothing where that is not known."""
    sentences = radius_words.sentences(report.metrics, report.measure)
    return [Section("How far off a point may be", sentences, _pictures(report, ["radius"]))] if sentences else []


def _unmeasured(report: Report) -> dict[str, Any]:
    """What could not be measured: how often for which reason, and which images or exams."""
    thing, total = "image" if report.measure is not None else "exam", len(report.measurements)
    counts = count_reasons([measurement for _, measurement in report.measurements])
    findings = [(name, m.message or "; ".join(m.warnings)) for name, m in report.measurements]
    listed = [[name, words] for name, words in findings if words]
    which = f"the first {_LISTED} of {len(listed)}" if len(listed) > _LISTED else f"these {len(listed)}"
    return {
        "thing": thing,
        "reasons": [[name.replace("_", " "), str(n), share(n / total)] for name, n in counts.items()],
        "listed": listed[:_LISTED],
        "listed_title": f"{which} {thing}s, with the numbers found",
    }


def _pictures(report: Report, names: Iterable[str]) -> list[Picture]:
    """Those of the figures that were drawn."""
    return [
        Picture(name, base64.b64encode(report.figures[name].read_bytes()).decode(), _CAPTIONS[name])
        for name in names
        if name in report.figures
    ]


_SHEETS = ("overlay_sheet", "detection_sheet", "right_and_wrong")
_ERROR_FIGURES = (
    "error_cdf",
    "keypoints",
    "pck",
    "failures",
    "agreement",
    "exams",
    "boxes",
    "confusion",
    "calibration",
    "precision",
    "scales",
    "coverage",
    "activation",
)
_CAPTIONS = {
    **box_words.CAPTIONS,
    **class_words.CAPTIONS,
    **detection_words.CAPTIONS,
    **exam_words.CAPTIONS,
    **keypoint_words.CAPTIONS,
    **measure_words.CAPTIONS,
    "radius": radius_words.CAPTION,
    "training": "Losses, validation error and learning rate by epoch; dotted lines separate training steps. The "
    "weights of the best validation error are the ones evaluated here; the test split played no part.",
    "slices": "A group whose interval lies to the right of the dashed line is served worse than the others.",
}
