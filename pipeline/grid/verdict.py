"""The conclusions of a comparison in words and in a figure. Every statement is derived from its numbers."""

from pathlib import Path

import numpy as np

from heelstrike.files import write_aside
from pipeline.grid.compare import Compared, Figure
from pipeline.grid.definition import Comparison
from pipeline.markdown import table_row
from pipeline.scoring.style import BLUE, RED, figure, save

_MIN_PEOPLE = 3  # smallest number of people of each value for a conclusion


def paragraphs(comparison: Comparison, result: Compared) -> list[str]:
    """Return two paragraphs: the results, and what does and does not follow from them."""
    return [_results(comparison, result), _conclusions(comparison, result)]


def table(comparison: Comparison, result: Compared) -> list[str]:
    """Return the Markdown lines of a table: error of both groups by value of the slice."""
    lines = [table_row(comparison.slice, "images", "subjects", *result.rows[:2]), "| --- " * 5 + "|"]
    for value in result.values:
        lines.append(table_row(value.name, value.images, value.subjects, *map(_px, value.errors)))
    lines.append(f"| all, values alike | | | {_px(result.overall[0])} | {_px(result.overall[1])} |")
    lines.append(f"| largest minus smallest | | | {_px(result.spread[0])} | {_px(result.spread[1])} |")
    return lines


def _results(comparison: Comparison, result: Compared) -> str:
    images, subjects = sum(v.images for v in result.values), sum(v.subjects for v in result.values)
    ends = []
    for group in (0, 1):
        ordered = sorted(result.values, key=lambda value: value.errors[group].value)
        best, worst = ordered[0], ordered[-1]
        ends.append(
            f"from {best.errors[group].value:.2f} px ({comparison.slice} {best.name}) "
            f"to {worst.errors[group].value:.2f} px ({worst.name})"
        )
    return (
        f"`{result.rows[0]}` and `{result.rows[1]}` differ in {comparison.what} alone, which the second has. Each was "
        f"trained {_times(result.seeds)} and judged on {images} test images of {subjects} people. The mean error "
        f"of an image goes {ends[0]} without it and {ends[1]} with it: largest minus smallest is "
        f"{_px(result.spread[0])} without and {_px(result.spread[1])} with. Over all values alike, the error is "
        f"{_px(result.overall[0])} without and {_px(result.overall[1])} with."
    )


def _conclusions(comparison: Comparison, result: Compared) -> str:
    change, overall = result.spread_change, result.overall_change
    subject = f"The difference between values of {comparison.slice}"
    few = min(value.subjects for value in result.values)
    if few < _MIN_PEOPLE:
        verdict = f"One value has only {few} people: too few to conclude anything about people."
        return " ".join(filter(None, (verdict, comparison.note)))
    direction = _direction(change)
    if direction:
        verdict = f"{subject} is {direction} with {comparison.what}: {_px(change, signed=True)}, and zero is outside."
    else:
        verdict = (
            f"An effect of {comparison.what} on the difference between values of {comparison.slice} is not shown: "
            f"the change is {_px(change, signed=True)}, and the interval includes zero. An effect within it may exist; "
            "this many people cannot show it."
        )
    error = _direction(overall)
    error_sentence = (
        f"The error itself is {error} with it ({_px(overall, signed=True)})."
        if error
        else f"Nor is a change of the error itself shown ({_px(overall, signed=True)})."
        if not direction
        else f"A change of the error itself is not shown ({_px(overall, signed=True)})."
    )
    limits = (
        f"The intervals are over people, at least {few} for each value, and {result.seeds} trainings. With so few they "
        "are too narrow rather than too wide."
    )
    absent = f"No test image has {comparison.slice} {', '.join(result.absent)}." if result.absent else ""
    return " ".join(filter(None, (verdict, error_sentence, _seeds(result), limits, absent, comparison.note)))


def _seeds(result: Compared) -> str:
    changes = result.spread_change_by_seed
    if len(changes) < 2:
        return "With one training each, the variation between trainings is not known."
    listed = ", ".join(f"{value:+.2f}" for value in changes)
    same = all(value < 0 for value in changes) or all(value > 0 for value in changes)
    return f"By seed, the difference changes by {listed} px: {'all one way' if same else 'not all one way'}."


def _direction(change: Figure) -> str:
    if change.interval.high < 0:
        return "smaller"
    return "larger" if change.interval.low > 0 else ""


def _px(figure: Figure, signed: bool = False) -> str:
    spec = "+.3f" if signed else ".2f"
    low, high = figure.interval
    return f"{figure.value:{spec}} px (95 % {low:{spec}} to {high:{spec}})"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def draw(comparison: Comparison, pairs: list[Compared], path: Path) -> None:
    """Draw the mean error by value with its interval for both groups, and a small dot for each training."""
    with figure(5.6 * len(pairs), 3.6, columns=len(pairs), sharey=True) as (drawn, axes):
        for axis, result in zip(axes, pairs, strict=True):
            places = np.arange(len(result.values))
            for group, (colour, offset) in enumerate(((BLUE, -0.12), (RED, 0.12))):
                value = np.array([v.errors[group].value for v in result.values])
                low, high = np.array([v.errors[group].interval for v in result.values]).T
                bars = np.clip([value - low, high - value], 0, None)
                axis.errorbar(places + offset, value, bars, fmt="o", color=colour, capsize=3, label=result.rows[group])
                for means in result.by_seed[:, group]:
                    axis.plot(places + 2 * offset, means, ".", color=colour, alpha=0.5, markersize=4)
            axis.set_xticks(places, [f"{v.name}\n{v.subjects} people" for v in result.values])
            axis.set(xlabel=comparison.slice, ylabel="mean error of an image (input px)")
            axis.set_title(f"{result.rows[0]} and {result.rows[1]}")
            axis.legend()
        axes[0].set_ylim(bottom=0)  # shared, and fixed from here on
        with write_aside(path) as aside:
            save(drawn, aside)
