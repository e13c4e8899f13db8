"""report.html: what a clinician and an engineer need to know about a trained model, on one page."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from heelstrike.measure.base import Measure, Measurement
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import for_showing, statistics_of
from pipeline.evaluate.summary import count_reasons
from pipeline.heads import HEADS
from pipeline.heads.words import Findings, HeadWords
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


_OVERLAY = "overlay_sheet"
_CAPTIONS = {
    _OVERLAY: "Orange rings: labels. Blue crosses: predictions that a consumer gets; a ring without a "
    "cross was taken for missing, a cross without a ring has no label. Each tile is cut out around the points and "
    "names the image and its error.",
    "training": "Losses, validation error and learning rate by epoch; dotted lines separate training steps. The "
    "weights of the best validation error are the ones evaluated here; the test split played no part.",
    "slices": "A group whose interval lies to the right of the dashed line is served worse than the others.",
}


def write_report(report: Report, path: Path) -> None:
    """Write the page: one file that loads nothing."""
    findings = Findings(report.metrics, report.problem, report.settings, report.measure)
    words = [HeadWords.of(head) for name, head in HEADS.items() if name in report.metrics]
    captions = _CAPTIONS | {name: text for one in words for name, text in one.captions.items()}

    def pictures(names: Iterable[str]) -> list[Picture]:
        """Those of the figures that were drawn."""
        drawn = [(name, report.figures[name]) for name in names if name in report.figures]
        return [Picture(name, base64.b64encode(png.read_bytes()).decode(), captions[name]) for name, png in drawn]

    page = _environment().get_template("report.j2")
    text = page.render(
        report=report,
        images=report.metrics["images"],
        settings=", ".join(f"{key} {value}" for key, value in report.model.items() if key != "name"),
        verdict=words[0].verdict(findings),
        scores=[[one.title, number(one.value, one.unit), one.pooling, one.metric] for one in report.scores],
        headline=[row for one in words for row in one.rows(findings)],
        sheets=pictures([_OVERLAY, *(name for one in words for name in one.sheets)]),
        errors=pictures(name for one in words for name in one.figures),
        by_slice=pictures(["slices"]),
        slices=_slices(report),
        unmeasured=_unmeasured(report) if report.measurements else None,
        sections=[(section, pictures([section.figure])) for one in words for section in one.sections(findings)],
        training=pictures(["training"]),
        numbers=[[group, name, number(v)] for group, values in report.metrics.items() for name, v in values.items()],
    )
    path.write_text(text)


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


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
    return {
        "header": ["slice", "value", "images", "subjects", *(s.replace("_", " ") for s in statistics)],
        "rows": rows,
    }


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
