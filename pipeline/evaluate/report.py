"""report.html: one page about a trained model, for clinicians and engineers."""

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
from pipeline.evaluate.temporal.result import Verdict
from pipeline.evaluate.temporal.words import HEADER, described, rows
from pipeline.heads import HEADS
from pipeline.heads.words import EvaluationResults, HeadWords
from pipeline.problem import Problem
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups, Score

_TEMPLATES = Path(__file__).parent / "templates"
_LISTED = 200  # images that the page lists; per_image.parquet lists all


class ReportContent(NamedTuple):
    """Everything the page shows.

    Attributes:
        name: The problem's name.
        problem: Keypoints and input size.
        model: Settings of the network.
        metrics: Numbers by group, as `summarise` makes them.
        scores: The headline scores.
        slices: Result of `slice_table`.
        measure: Measured the keypoints of an image; `None` if no images were measured.
        measurements: Name of each image or exam with its measurement; empty if nothing was measured.
        settings: Bands and bootstrap.
        figures: PNG of each figure by name.
        weights: SHA-256 of the network's weights.
        split: SHA-256 of the test split.
        started_from: What the training started from, in a line; empty if it started from random weights.
        temporal: Judgement of the temporal model; `None` if there is none.
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
    weights: str
    split: str
    started_from: str = ""
    temporal: Verdict | None = None


class EmbeddedFigure(NamedTuple):
    """A PNG inside the page.

    Attributes:
        name: Name of the figure.
        png: Its bytes in base 64.
        caption: Its caption.
    """

    name: str
    png: str
    caption: str


_OVERLAY = "overlay_sheet"
_CAPTIONS = {
    _OVERLAY: "Orange rings: labels. Blue crosses: predictions that a consumer gets; a ring without a "
    "cross is a point taken as missing, a cross without a ring has no label. Each tile shows the region of the points; "
    "its title has the image and its error.",
    "training": "Losses, validation error and learning rate by epoch; dotted lines separate training steps. The "
    "weights with the lowest validation error are evaluated here; the test split was not used to select them.",
    "slices": "The errors are larger for a group whose interval lies to the right of the dashed line.",
}


def write_report(report: ReportContent, path: Path) -> None:
    """Write the page as one file that loads no other."""
    results = EvaluationResults(report.metrics, report.problem, report.settings, report.measure)
    words = [HeadWords.of(head) for name, head in HEADS.items() if name in report.metrics]
    captions = _CAPTIONS | {name: text for part in words for name, text in part.captions.items()}

    def pictures(names: Iterable[str]) -> list[EmbeddedFigure]:
        """The figures with these names that were drawn."""
        drawn = [name for name in names if name in report.figures]
        encoded = [base64.b64encode(report.figures[name].read_bytes()).decode() for name in drawn]
        return [EmbeddedFigure(name, png, captions[name]) for name, png in zip(drawn, encoded, strict=True)]

    page = _environment().get_template("report.j2")
    text = page.render(
        report=report,
        images=report.metrics["images"],
        settings=", ".join(f"{key} {value}" for key, value in report.model.items() if key != "name"),
        verdict=words[0].verdict(results),
        scores=[[part.title, number(part.value, part.unit), part.pooling, part.metric] for part in report.scores],
        headline=[row for part in words for row in part.rows(results)],
        sheets=pictures([_OVERLAY, *(name for part in words for name in part.sheets)]),
        errors=pictures(name for part in words for name in part.figures),
        by_slice=pictures(["slices"]),
        slices=_slices(report),
        temporal=None if report.temporal is None else _temporal(report.temporal),
        unmeasured=_unmeasured(report) if report.measurements else None,
        sections=[(section, pictures([section.figure])) for part in words for section in part.sections(results)],
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


def _slices(report: ReportContent) -> dict[str, Any]:
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


def _temporal(verdict: Verdict) -> dict[str, Any]:
    """The words and the table of the temporal model."""
    return {"text": described(verdict).replace("`", ""), "header": HEADER, "rows": rows(verdict)}


def _unmeasured(report: ReportContent) -> dict[str, Any]:
    """Images or exams that could not be measured: the number by reason, and a list of them."""
    thing, total = "image" if report.measure is not None else "exam", len(report.measurements)
    counts = count_reasons([measurement for _, measurement in report.measurements])
    texts = [(name, m.message or "; ".join(m.warnings)) for name, m in report.measurements]
    listed = [[name, text] for name, text in texts if text]
    title = f"the first {_LISTED} of {len(listed)}" if len(listed) > _LISTED else f"these {len(listed)}"
    return {
        "thing": thing,
        "reasons": [[name.replace("_", " "), str(n), share(n / total)] for name, n in counts.items()],
        "listed": listed[:_LISTED],
        "listed_title": f"{title} {thing}s, with details",
    }
