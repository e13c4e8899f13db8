"""The model card: intended use, data, metrics and limits of a model."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heelstrike.measure.build import build_measure
from pipeline.evaluate.temporal.result import Verdict
from pipeline.evaluate.temporal.words import HEADER, described, rows
from pipeline.heads import HEADS
from pipeline.markdown import in_markdown, table_row
from pipeline.package.arithmetic import Choice
from pipeline.package.disturbed.result import to_markdown
from pipeline.package.disturbed.tally import Tally
from pipeline.params import ProblemParams

_LIMITS = """\
- A confidence is the network's own estimate, learned on the data above, and is no guarantee: on pictures unlike those
  (another camera, room, clothing, marker) both positions and confidences can be wrong.
- Keypoints and instances with a confidence below {confidence:g} count as not found, and are not measured.
- The figures are for the test subjects of this data set. With few subjects intervals are wide, whatever the number of
  frames.
- It is no medical device and was not assessed as one. A clinician must judge every measurement before it is used."""

_DISTURBED = """\
{images} test images, disturbed one way at a time, and foreign pictures, through this package as a consumer uses it. A
value is off if its error is above {limit:g} {unit}, and covered if its half-width is at least the error. Distances are
in pixels of the undisturbed picture."""

_SYNTHETIC = """\
- **{share} of the sources are rendered, not filmed.** The figures on rendered pictures show how well the network
  learned the renderer. They do not show how well it works on patients; test it on your own labelled videos first."""


@dataclass(frozen=True)
class SplitCount:
    """Numbers of images, subjects and videos of a split."""

    split: str
    images: int
    subjects: int
    videos: int


def write_card(
    problem: str,
    params: ProblemParams,
    network: dict[str, Any],
    metrics: Any,
    data: list[SplitCount],
    disturbed: Mapping[str, Tally] | None = None,
    choice: Choice | None = None,
    temporal: Verdict | None = None,
) -> str:
    """The model card as Markdown.

    Args:
        problem: Name of the problem in params.yaml.
        params: The problem's section.
        network: Settings of the network, with its name.
        metrics: reports/PROBLEM/metrics.json.
        data: Counts of each split.
        disturbed: Counts of the disturbed check by kind of picture; `None` without.
        choice: What integers in the graph change; `None` if they were not asked for.
        temporal: Judgement of the temporal model; `None` if there is none.
    """
    size, points = params.problem.input, params.problem.keypoints
    listed = f"{len(points)} keypoints ({', '.join(f'`{in_markdown(p)}`' for p in points)})"
    categories = in_markdown(", ".join(params.problem.categories))
    architecture = ", ".join(f"{k} {v}" for k, v in network.items() if k != "name")
    measure = f" From them it measures `{params.measure.name}`." if params.measure else ""
    parts = [
        f"# Model card: {problem}",
        f"Predicts on an image, of {in_markdown(params.problem.category.replace('_', ' '))}: "
        f"{'; '.join(HEADS[name].card.format(points=listed, categories=categories) for name in params.model.heads)}."
        f"{measure}",
        "## Intended use",
        "Measuring on images and videos taken like those it was trained on, one instance in the picture, with a person "
        "who checks the results. Not for diagnosis on its own, and not for pictures of another kind.",
        "## Model",
        f"Architecture `{network['name']}` ({architecture}). Its input has {size.width}x{size.height} pixels "
        f"({'RGB' if size.channels == 3 else 'gray'}); scaling to that and back is part of the graph. "
        f"{_filters(params)} ONNX and torch agree within {params.package.parity_px:g} pixels of the input image, "
        f"checked on test images when the package was made.{_arithmetic(choice)}",
        "## Data",
        _data_table(data),
        _sources(params),
        "## Metrics on the test split",
        _metric_table(metrics),
        *_slices(metrics),
        *([] if temporal is None else ["## Videos", *_videos(temporal)]),
        *_disturbed(params, disturbed),
        "## Limits",
        "\n".join([*_synthetic(params), _LIMITS.format(confidence=params.package.confidence)]),
        "## Licence",
        f"Weights: {params.package.licence}.",
    ]
    return "\n\n".join(parts) + "\n"


def numbers(metrics: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Path and value of every finite number of nested metrics, except slices: `original/rmse_px`."""
    if isinstance(metrics, Mapping):
        for key, value in metrics.items():
            if key != "slices":
                yield from numbers(value, (*path, str(key)))
    elif isinstance(metrics, int | float) and not isinstance(metrics, bool) and math.isfinite(metrics):
        yield "/".join(path), float(metrics)


def _arithmetic(choice: Choice | None) -> str:
    """Say what integers change, and that they were left out if it was too much."""
    if choice is None:
        return ""
    found = choice.quantised
    if not found.changes:
        return (
            " Integers of 8 bits were asked for and left out, since this network has no convolution that a rectifier "
            "follows."
        )
    changes = ", ".join(
        f"`{name}` by {change:+.3g} (allowed are {found.allowed[name]:.3g})"
        for name, change in sorted(found.changes.items())
    )
    if not choice.kept:
        return (
            " Integers of 8 bits were asked for and left out, so the graph computes with floats: on the validation "
            f"split they change {changes}."
        )
    return (
        f" Integers of 8 bits then replaced floats in its convolutions, with ranges from {found.images} validation "
        f"images. On the validation split this changes {changes}."
    )


def _filters(params: ProblemParams) -> str:
    names = ", ".join(f"`{f.name}`" for f in params.prepare.filters)
    return f"The consumer first applies the filters {names}." if names else "No filters are applied first."


def _data_table(data: list[SplitCount]) -> str:
    rows = [f"| {s.split} | {s.images} | {s.subjects} | {s.videos} |" for s in data]
    return "\n".join(["| split | images | subjects | videos |", "| --- | --- | --- | --- |", *rows])


def _sources(params: ProblemParams) -> str:
    kinds = [s.kind for s in params.collect.sources]
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    return f"Configured sources: {counted}. No subject is in more than one split."


def _disturbed(params: ProblemParams, kinds: Mapping[str, Tally] | None) -> list[str]:
    settings, measure = params.package.disturbed, params.measure
    if kinds is None or settings is None or measure is None:
        return []
    built = build_measure(measure, params.problem.keypoints, params.package.confidence)
    assert built is not None
    about = _DISTURBED.format(images=kinds[next(iter(kinds))].pictures, limit=settings.limit, unit=built.symbol.strip())
    return ["## Pictures that it was never taught", about, to_markdown(dict(kinds))]


def _videos(temporal: Verdict) -> list[str]:
    table = [table_row(*row) for row in rows(temporal)]
    return [described(temporal), "\n".join([table_row(*HEADER), "| --- | --- | --- |", *table])]


def _synthetic(params: ProblemParams) -> list[str]:
    kinds = [s.kind for s in params.collect.sources]
    rendered = kinds.count("synthetic")
    return [_SYNTHETIC.format(share=f"{rendered} of {len(kinds)}")] if rendered else []


def _metric_table(metrics: Any) -> str:
    rows = [table_row(name, f"{value:.4g}") for name, value in sorted(numbers(metrics))]
    return "\n".join(["| metric | value |", "| --- | --- |", *rows])


def _slices(metrics: Any) -> list[str]:
    """A table for each slice (skin tone, lighting, ...) with a row per value and a column per metric."""
    slices = metrics.get("slices", {}) if isinstance(metrics, Mapping) else {}
    parts = []
    for name, values in sorted(slices.items()):
        rows = {value: dict(numbers(numbers_of_value)) for value, numbers_of_value in sorted(values.items())}
        columns = sorted({column for row in rows.values() for column in row})
        lines = [table_row(name, *columns), "| --- " * (len(columns) + 1) + "|"]
        for value, row in rows.items():
            cells = [f"{row[c]:.4g}" if c in row else "" for c in columns]
            lines.append(table_row(value, *cells))
        parts += [f"### By {in_markdown(name.replace('_', ' '))}", "\n".join(lines)]
    return parts
