"""report.html: what a clinician and an engineer need to know about a trained model, on one page."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from heelstrike.measure.base import Measure, Measurement
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import for_showing, statistics_of
from pipeline.evaluate.summary import count_reasons
from pipeline.heads import HEADS
from pipeline.heads.words import Findings, HeadWords, Section
from pipeline.problem import Problem
from pipeline.scoring.page import folded, inlined, number, page, paragraph, share, span, table

_LISTED = 200  # images that the page names; per_image.parquet has them all
Groups = dict[str, dict[str, float]]


class Report(NamedTuple):
    """Everything the page shows.

    Attributes:
        name: The problem's name.
        problem: Keypoints and input size.
        model: Settings of the network.
        metrics: Numbers by group, as `summarise` makes them.
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
    slices: pd.DataFrame
    measure: Measure | None
    measurements: list[tuple[str, Measurement]]
    settings: EvaluateSettings
    figures: dict[str, Path]
    started_from: str = ""


def write_report(report: Report, path: Path) -> None:
    """Write the page."""
    path.write_text(
        page(
            f"{report.name}: evaluation",
            [
                f"<h1>{report.name}: how good is this model?</h1>",
                paragraph(_what_was_looked_at(report), "muted"),
                paragraph(_words(report)[0].verdict(_findings(report)), "lead"),
                _headline(report),
                "<h2>Best, median and worst images</h2>",
                *(_figure(report, name) for name in (_OVERLAY, *(n for words in _words(report) for n in words.sheets))),
                "<h2>Errors</h2>",
                *(_figure(report, name) for words in _words(report) for name in words.figures),
                "<h2>Who and what it is good for: slices</h2>",
                paragraph(_about_intervals(report)),
                _figure(report, "slices"),
                folded("the same as a table", _slices(report)),
                "<h2>What was left out, and what could not be measured</h2>",
                _dropped(report),
                *(
                    part
                    for words in _words(report)
                    for section in words.sections(_findings(report))
                    for part in _section(report, section)
                ),
                "<h2>Training</h2>",
                *([paragraph(f"It started from {report.started_from}.")] if report.started_from else []),
                _figure(report, "training"),
                "<h2>Every number</h2>",
                folded("all metrics by group, as in metrics.json", _all_numbers(report)),
            ],
        )
    )


def _what_was_looked_at(report: Report) -> str:
    images, size = report.metrics["images"], report.problem.input
    settings = ", ".join(f"{key} {value}" for key, value in report.model.items() if key != "name")
    return (
        f"Test split: {images['count']} images of {images['subjects']} subjects, none of whom the model was trained or "
        f"chosen on. Network {report.model.get('name', '?')} ({settings}), input {size.width} × {size.height}."
    )


def _findings(report: Report) -> Findings:
    return Findings(report.metrics, report.problem, report.settings, report.measure)


def _words(report: Report) -> list[HeadWords]:
    """Of each head that was evaluated."""
    return [HeadWords.of(head) for name, head in HEADS.items() if name in report.metrics]


def _headline(report: Report) -> str:
    rows = [row for words in _words(report) for row in words.rows(_findings(report))]
    return table(["", "value", "95 % interval", "what it means"], rows, {1, 2}, strong={0})


def _about_intervals(report: Report) -> str:
    return (
        f"Intervals are 95 % bootstrap intervals of {report.settings.bootstrap} resamples that draw whole people, as "
        "frames of one person resemble each other. A row with one person only (hollow) draws that person's frames "
        "instead: it says nothing about other people. With fewer than about ten people such intervals are somewhat too "
        "narrow. The dashed line is the whole test split; the number of images is in brackets. Of many people only "
        "those with the largest errors are shown; slices.csv has all."
    )


def _slices(report: Report) -> str:
    frame = for_showing(report.slices)
    statistics = statistics_of(frame)
    header = ["slice", "value", "images", "subjects", *(s.replace("_", " ") for s in statistics)]
    rows = []
    for row in frame.to_dict("records"):
        cells = [str(row["slice"]), str(row["value"]), str(row["images"]), str(row["subjects"])]
        for name in statistics:
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            cells.append(f"{number(row[name])} ({span(low, high)})")
        rows.append(cells)
    return table(header, rows, set(range(2, len(header))), strong={0})


def _dropped(report: Report) -> str:
    images = report.metrics["images"]
    if not report.problem.keypoints:
        return paragraph("No image was left out of the figures above.")
    parts = [
        paragraph(
            f"{images['without_labelled_point']} of {images['count']} images have no labelled point and are in no "
            f"error. {images['missing_points']} of {images['missing_points'] + images['labelled_points']} points have "
            "no label (out of sight or not marked); they are in no error either."
        )
    ]
    if report.measurements:
        parts += _not_measured(report)
    return "\n".join(parts)


def _section(report: Report, section: Section) -> list[str]:
    return [f"<h2>{section.title}</h2>", *map(paragraph, section.paragraphs), _figure(report, section.figure)]


def _not_measured(report: Report) -> list[str]:
    counts = count_reasons([m for _, m in report.measurements])
    thing = "image" if report.measure is not None else "exam"
    if not counts:
        return [paragraph(f"Every {thing} was measured.")]
    total = len(report.measurements)
    rows = [[name.replace("_", " "), str(n), share(n / total)] for name, n in counts.items()]
    said = [(image, m.message or "; ".join(m.warnings)) for image, m in report.measurements]
    listed = [[image, words] for image, words in said if words]
    shown = f"the first {_LISTED} of {len(listed)}" if len(listed) > _LISTED else f"these {len(listed)}"
    return [
        paragraph(f"An {thing} that cannot be measured is reported with its reason, never guessed:"),
        table(["reason", f"{thing}s", "share"], rows, {1, 2}),
        folded(f"{shown} {thing}s, with the numbers found", table([thing, "what was found"], listed[:_LISTED], set())),
    ]


def _all_numbers(report: Report) -> str:
    rows = [[group, name, number(value)] for group, values in report.metrics.items() for name, value in values.items()]
    return table(["group", "metric", "value"], rows, {2})


_OVERLAY = "overlay_sheet"
_CAPTIONS = {
    _OVERLAY: "Orange rings: labels. Blue crosses: predictions that a consumer gets; a ring without a "
    "cross was taken for missing, a cross without a ring has no label. Each tile is cut out around the points and "
    "names the image and its error.",
    "training": "Losses, validation error and learning rate by epoch; dotted lines separate training steps. The "
    "weights of the best validation error are the ones evaluated here; the test split played no part.",
    "slices": "A group whose interval lies to the right of the dashed line is served worse than the others.",
}


def _figure(report: Report, name: str) -> str:
    captions = _CAPTIONS | {name: text for words in _words(report) for name, text in words.captions.items()}
    return inlined(report.figures[name], captions[name]) if name in report.figures else ""
