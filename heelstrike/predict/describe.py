"""Text of `heelstrike predict`: its options as values, and its report as lines for the terminal."""

from collections.abc import Iterator

from rich.markup import escape

from heelstrike.errors import UserError
from heelstrike.predict.predictor import Predicted, Report
from heelstrike.predict.summary import Spread, Summary
from heelstrike.units import MM_PER_INCH, symbol

_DIGITS = {"ratio": 2}


def scale_of(dpi: float | None, mm_per_px: float | None) -> float | None:
    """Return the side of a pixel in millimetres from one of two options; `None` if neither is given.

    Args:
        dpi: Dots per inch.
        mm_per_px: Side of a pixel in millimetres.

    Raises:
        UserError: Both options are given.
    """
    if dpi is not None and mm_per_px is not None:
        raise UserError("--dpi and --mm-per-px mean the same; give only one of them")
    return MM_PER_INCH / dpi if dpi else mm_per_px


def slices_of(words: list[str]) -> dict[str, str]:
    """Return `["foot=left"]` as `{"foot": "left"}`.

    Raises:
        UserError: A word is not of the form NAME=VALUE.
    """
    wrong = [word for word in words if not all(word.partition("="))]
    if wrong:
        raise UserError(f"--about {wrong[0]}: expected NAME=VALUE, for instance foot=left")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def describe(report: Report) -> Iterator[str]:
    """Yield the report as lines in Rich's markup: the inputs with their files, exams, failures and ignored files."""
    for done in report.done:
        yield escape(f"{done.input.name}: {measured(done)}")
        count, frames = done.summary.not_reliable, done.summary.frames
        if count:
            warning = "not reliable" if frames == 1 else f"{count} of {frames} frames are not reliable"
            yield f"  [yellow]{warning}[/]: see `doubts` in its JSON"
        yield from (f"  [green]✓[/] {escape(str(file))}" for file in done.files)
    for exam in report.exams:
        reason = exam.measurement.message or "; ".join(exam.measurement.warnings)
        mark = "[green]✓[/]" if exam.measurement.measured else "[yellow]not measured[/]"
        yield f"{mark} {escape(str(exam.file))}{f': {escape(reason)}' if reason else ''}"
    for file, reason in report.failed:
        yield f"[red]failed[/] {escape(str(file))}: {escape(reason)}"
    if report.ignored:
        yield escape(f"ignored, neither image nor video: {', '.join(file.name for file in report.ignored)}")


def measured(done: Predicted) -> str:
    """Return `29 of 30 frames measured; median left 1.6°, right −2.2°`, or why nothing was measured."""
    summary, note = done.summary, f" ({done.note})" if done.note else ""
    if summary.measured is None:
        return f"predicted{note}" if summary.frames == 1 else f"{summary.frames} frames predicted"
    values = ", ".join(f"{name} {_number(spread, summary, name)}" for name, spread in summary.values.items())
    if summary.frames == 1:
        return (values or f"not measured: {done.message or ', '.join(summary.not_measured)}") + note
    reasons = ", ".join(f"{reason} in {count}" for reason, count in summary.not_measured.items())
    frames = f"{summary.measured} of {summary.frames} frames measured"
    medians = f"; median {values}" if values else ""
    return f"{frames}{medians}{f' (not measured: {reasons})' if reasons else ''}"


def _number(spread: Spread, summary: Summary, name: str) -> str:
    unit = summary.units[name]
    return f"{spread.median:.{_DIGITS.get(unit, 1)}f}".replace("-", "−") + symbol(unit)
