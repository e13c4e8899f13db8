"""report.html: what a clinician and an engineer need to know about a trained model, on one page."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pipeline.evaluate import words
from pipeline.evaluate.page import folded, inlined, number, page, paragraph, share, span, table
from pipeline.evaluate.pck import SIZES, hundredths
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import for_showing, statistics_of
from pipeline.evaluate.summary import count_reasons
from pipeline.measure.base import Measure, Measurement
from pipeline.problem import Problem

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
                paragraph(_verdict(report), "lead"),
                _headline(report),
                "<h2>Best, median and worst images</h2>",
                *(_figure(report, name) for name in _SHEETS),
                "<h2>Errors</h2>",
                *(_figure(report, name) for name in _ERROR_FIGURES),
                "<h2>Who and what it is good for: slices</h2>",
                paragraph(_about_intervals(report)),
                _figure(report, "slices"),
                folded("the same as a table", _slices(report)),
                "<h2>What was left out, and what could not be measured</h2>",
                _dropped(report),
                *_confidence(report),
                *_radius(report),
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


def _verdict(report: Report) -> str:
    """Of the first head that there is."""
    return next(say(report) for group, say in _VERDICTS.items() if group in report.metrics)


def _box_verdict(report: Report) -> str:
    box = report.metrics["box"]
    return (
        f"The predicted box overlaps the true one by {number(100 - box['iou_loss_percent'], ' %')} in the mean "
        f"({span(100 - box['iou_loss_percent_high'], 100 - box['iou_loss_percent_low'])}); the RMSE of its numbers at "
        f"the network's own scale is {number(box['rmse_px'])} px ({span(box['rmse_px_low'], box['rmse_px_high'])})."
    )


def _keypoint_verdict(report: Report) -> str:
    groups = report.metrics
    original, inside = groups["keypoints_original"], groups["keypoints"]
    text = (
        f"Half of all points are within {number(original['median_distance_px'])} pixels of their label in the original "
        f"image, 95 % within {number(original['p95_distance_px'])}; the RMSE at the network's own scale is "
        f"{number(inside['rmse_px'])} px ({span(inside['rmse_px_low'], inside['rmse_px_high'])})."
    )
    if report.measure is None:
        return text
    found, unit, symbol = groups[report.measure.group], report.measure.unit, report.measure.symbol
    return (
        f"{text} The {report.measure.title} is off by {number(found[f'median_{unit}'], symbol)} in the median "
        f"({span(found[f'median_{unit}_low'], found[f'median_{unit}_high'], symbol)}); 95 % of all errors are expected "
        f"between {number(found[f'loa_low_{unit}'], symbol)} and {number(found[f'loa_high_{unit}'], symbol)}. "
        f"{report.measure.yardstick}"
    ).rstrip()


_VERDICTS: dict[str, Callable[[Report], str]] = {
    "keypoints": _keypoint_verdict,
    "box": _box_verdict,
    "class": lambda report: words.classes.verdict(report.metrics),
    "detections": lambda report: words.detections.verdict(report.metrics),
}


def _headline(report: Report) -> str:
    rows = [row for group, rows in _ROWS.items() if group in report.metrics for row in rows(report)]
    return table(["", "value", "95 % interval", "what it means"], rows, {1, 2}, strong={0})


def _keypoint_rows(report: Report) -> list[list[str]]:
    g, bands = report.metrics, report.settings.bands_px
    inside, original = g["keypoints"], g["keypoints_original"]
    size = report.problem.input
    return [
        [
            f"RMSE at {size.width} × {size.height}",
            number(inside["rmse_px"], " px"),
            span(inside["rmse_px_low"], inside["rmse_px_high"]),
            "root of the mean squared coordinate error; single gross errors weigh heavily",
        ],
        [
            "RMSE in original pixels",
            number(original["rmse_px"], " px"),
            span(original["rmse_px_low"], original["rmse_px_high"]),
            "the same in the images as they were recorded",
        ],
        ["mean distance", number(original["mean_distance_px"], " px"), "–", "predicted to labelled point, original px"],
        *_millimetre_rows(report),
        *[
            [f"images {words}", share(g["bands"][key]), "–", meaning]
            for key, words, meaning in zip(
                g["bands"],
                (f"below {bands[0]:g} px", f"{bands[0]:g} to {bands[1]:g} px", f"above {bands[1]:g} px"),
                ("RMSE of the image, original px: fit for use", "to be looked at", "not usable"),
                strict=True,
            )
        ],
        *_pck_rows(report),
        *_measure_rows(report),
        *words.radius.rows(g, report.measure),
        [
            "keypoint AP (OKS)",
            number(inside["oks_ap"]),
            "–",
            f"COCO's, with this problem's sigmas; AP50 {number(inside['oks_ap50'])}, AP75 {number(inside['oks_ap75'])}",
        ],
    ]


def _millimetre_rows(report: Report) -> list[list[str]]:
    """Errors in millimetres, where pixels have a size, and how far people are apart, where several labelled."""
    rows = []
    if (found := report.metrics.get("millimetres")) is not None:
        radii = ", ".join(
            f"{share(found[f'share_within_{radius:g}mm'])} within {radius:g} mm" for radius in report.settings.radii_mm
        )
        rows.append(
            [
                "mean radial error",
                number(found["mean_radial_error_mm"], " mm"),
                span(found["mean_radial_error_mm_low"], found["mean_radial_error_mm_high"], " mm"),
                f"predicted to labelled point; {radii}",
            ]
        )
    if (people := report.metrics.get("observers")) is not None:
        unit = "mm" if "mean_distance_mm" in people else "px"
        rows.append(
            [
                "people among each other",
                number(people[f"mean_distance_{unit}"], f" {unit}"),
                "–",
                f"mean distance of {people['points']} points that several people labelled; the model is "
                f"{number(people[f'model_mean_distance_{unit}'], f' {unit}')} from the label there",
            ]
        )
    return rows


def _box_rows(report: Report) -> list[list[str]]:
    box = report.metrics["box"]
    return [
        ["box AP", number(box["ap"]), "–", f"COCO's; AP50 {number(box['ap50'])}, AP75 {number(box['ap75'])}"],
        [
            "box IoU loss",
            number(box["iou_loss_percent"], " %"),
            span(box["iou_loss_percent_low"], box["iou_loss_percent_high"]),
            "1 − mean overlap of predicted and true box",
        ],
    ]


_ROWS: dict[str, Callable[[Report], list[list[str]]]] = {
    "keypoints": _keypoint_rows,
    "box": _box_rows,
    "class": lambda report: words.classes.rows(report.metrics, report.problem.kinds),
    "detections": lambda report: words.detections.rows(report.metrics, report.problem.kinds),
    "exams": lambda report: words.exams.rows(report.metrics),
}


def _pck_rows(report: Report) -> list[list[str]]:
    """A row for each threshold of both sizes; none where PCK is not asked for."""
    found, pck = report.metrics.get("pck", {}), report.settings.pck
    return [
        [
            f"PCK@{threshold:.2f} by the {size}",
            share(found[name]),
            span(100 * found[f"{name}_low"], 100 * found[f"{name}_high"], " %"),
            f"points within {threshold:.0%} of {meaning}",
        ]
        for size, meaning in SIZES.items()
        for threshold in (pck.thresholds if pck else ())
        for name in [f"{size}_{hundredths(threshold)}"]
    ]


def _measure_rows(report: Report) -> list[list[str]]:
    if report.measure is None:
        return []
    found, unit, symbol = report.metrics[report.measure.group], report.measure.unit, report.measure.symbol
    return [
        [
            f"{report.measure.title}, median error",
            number(found[f"median_{unit}"], symbol),
            span(found[f"median_{unit}_low"], found[f"median_{unit}_high"], symbol),
            f"absolute; mean {number(found[f'mean_{unit}'], symbol)}, "
            f"95 % below {number(found[f'p95_{unit}'], symbol)}",
        ],
        [
            f"{report.measure.title}, bias",
            number(found[f"bias_{unit}"], symbol),
            span(found[f"bias_{unit}_low"], found[f"bias_{unit}_high"], symbol),
            f"predicted minus true; {report.measure.sign}",
        ],
        [
            "limits of agreement",
            span(found[f"loa_low_{unit}"], found[f"loa_high_{unit}"], symbol),
            "–",
            "Bland-Altman: bias ± 1.96 standard deviations of the difference",
        ],
        [
            "images measured",
            share(found["measured_share"]),
            "–",
            f"{share(found['measured_share_of_complete'])} of those labelled whole; where a label is missing "
            f"{share(found['measured_share_of_incomplete'])} got numbers all the same; the others get a reason. "
            f"Median error of those measured {number(found[f'median_measured_{unit}'], symbol)}",
        ],
    ]


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


def _confidence(report: Report) -> list[str]:
    """What the confidence of keypoints is worth; nothing where there is none."""
    if "presence" not in report.metrics:
        return []
    presence, parts = report.metrics["presence"], ["<h2>Confidence</h2>"]
    if not math.isnan(presence["auroc"]):
        parts.append(
            paragraph(
                f"Points that are not there get a confidence that lets them pass in "
                f"{share(presence['missing_called_visible_share'])} of the cases; points that are visible are wrongly "
                f"called missing in {share(presence['visible_called_missing_share'])}. The confidence tells the two "
                f"apart with an AUROC of {number(presence['auroc'])} (1 is perfect, 0.5 is chance)."
            )
        )
    return [*parts, _figure(report, "confidence")]


def _radius(report: Report) -> list[str]:
    """How far points may be off; nothing where that is not said."""
    said = words.radius.sentences(report.metrics, report.measure)
    if not said:
        return []
    return ["<h2>How far off a point may be</h2>", *map(paragraph, said), _figure(report, "radius")]


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
    **words.classes.CAPTIONS,
    **words.detections.CAPTIONS,
    "radius": words.radius.CAPTION,
    **words.exams.CAPTIONS,
    "training": "Losses, validation error and learning rate by epoch; dotted lines separate training steps. The "
    "weights of the best validation error are the ones evaluated here; the test split played no part.",
    "error_cdf": "The further left a curve, the better. Where the curve of images lies far right of that of points, "
    "single points spoil an image.",
    "keypoints": "A keypoint whose tail reaches far out is confused with something else at times; one whose median is "
    "high is placed inconsistently, by the model or by the labels.",
    "pck": "Dashed: the thresholds. A curve that stays flat below 100 % means points that are found in another place, "
    "not points that are found inexactly.",
    "failures": "The images whose worst point is farthest from its label, in units of the labelled points' box.",
    "boxes": "Left: the dashed lines are the overlaps at which COCO's AP50 and AP75 count a box as found. Right: a box "
    "that is not centred on zero is placed or sized with a bias.",
    "slices": "A group whose interval lies to the right of the dashed line is served worse than the others.",
    "agreement": "Each dot is one measured quantity of one image. A slope means that large values are read too small "
    "or too large; limits wider than a clinical difference mean that single frames should not be read alone.",
    "confidence": "Left: a good model separates missing from visible points. Middle: dots on the diagonal mean that "
    "the confidence is a probability. Right: whether low confidence warns of large errors.",
    "overlay_sheet": "Orange rings: labels. Blue crosses: predictions that a consumer gets; a ring without a "
    "cross was taken for missing, a cross without a ring has no label. Each tile is cut out around the points and "
    "names the image and its error.",
}


def _figure(report: Report, name: str) -> str:
    return inlined(report.figures[name], _CAPTIONS[name]) if name in report.figures else ""
