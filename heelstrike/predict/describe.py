"""Text of `heelstrike predict`: its options as values, and its report as lines for the terminal."""

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from heelstrike.errors import UserError
from heelstrike.predict.predictor import Predicted, Report
from heelstrike.predict.steps import described
from heelstrike.predict.summary import Spread, Summary
from heelstrike.text import plain
from heelstrike.units import MM_PER_INCH, symbol

_DIGITS = {"ratio": 2}
_DONE = ("✓ ", "green")


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
        UserError: A word is not of the form NAME=VALUE, or a name is given more than once.
    """
    wrong = [word for word in words if not all(word.partition("="))]
    if wrong:
        raise UserError(f"--about {wrong[0]}: expected NAME=VALUE, for instance foot=left")
    counts = Counter(word.partition("=")[0] for word in words)
    if words and max(counts.values()) > 1:
        name = counts.most_common(1)[0][0]
        values = ", ".join(word for word in words if word.partition("=")[0] == name)
        raise UserError(f"--about: {name} is given more than once ({values}); give it once")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def describe(report: Report) -> Iterator[Text]:
    """Yield the report as lines for Rich: inputs with their steps and files, exams, failures, ignored files, counts."""
    for done in report.done:
        yield plain(f"{done.input.name}: {measured(done)}")
        count, frames = done.summary.not_reliable, done.summary.frames
        if count:
            warning = "not reliable" if frames == 1 else f"{count} of {frames} frames are not reliable"
            yield Text.assemble("  ", (warning, "yellow"), ": see `doubts` in its JSON")
        yield from (plain(f"  {line}") for line in (described(done.steps) if done.steps else ()))
        yield from (Text.assemble("  ", _DONE, plain(file)) for file in done.files)
        if done.unnoted:
            yield Text.assemble("  ", ("not noted", "yellow"), plain(f": {done.unnoted}"))
    for exam in report.exams:
        reason = exam.measurement.message or "; ".join(exam.measurement.warnings)
        mark = _DONE if exam.measurement.measured else ("not measured ", "yellow")
        yield Text.assemble(mark, plain(exam.file), plain(f": {reason}" if reason else ""))
    for file, reason in report.failed:
        yield Text.assemble(("failed ", "red"), plain(f"{file}: {reason.removeprefix(f'{file}: ')}"))
    if report.ignored:
        names = ", ".join(file.name for file in report.ignored)
        yield plain(f"ignored, of a type that is not read, or named as an overlay: {names}")
    if report.failed:
        yield plain(f"{len(report.done)} predicted, {len(report.failed)} failed", "yellow")


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
