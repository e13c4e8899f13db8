"""The display of a grid: the running row with its bar, finished rows above it, and tables at the end."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.display import bars, state_of
from flows.log_display import LogDisplay
from heelstrike.progress import Event
from heelstrike.text import done, plain
from pipeline.grid.cost import Cost
from pipeline.grid.definition import Metric
from pipeline.grid.matrix import Matrix, sentences, shown_change
from pipeline.grid.matrix_render import cell_text
from pipeline.grid.render import circumstances, shown, shown_agreement
from pipeline.grid.report import Report
from pipeline.grid.tables import Filled, Line
from pipeline.heads import HEADS


class GridDisplay:
    """One live line for the running row, and a lasting line for each finished row.

    It is the `pipeline.grid.run.Watch` of the command line.
    """

    def __init__(self, console: Console) -> None:
        self._progress = bars(console)
        self._task = self._progress.add_task("starting", total=None, note="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.remove_task(self._task)
        self._progress.stop()

    def start(self, row: str) -> None:
        """Show a row in the live line."""
        self._progress.reset(self._task, total=None, description=f"[bold]{escape(row)}", note="")

    def event(self, row: str, event: Event) -> None:
        """Show the newest progress event of the running row."""
        self._progress.update(self._task, **state_of(event))

    def finish(self, row: str, result: dict[str, Any], again: bool) -> None:
        """Print the result of a row above the live line; `again` is true for a result of an earlier call."""
        self._progress.console.print(_outcome(row, result, again), highlight=False)


class GridLog:
    """Lines with the time for the start, the progress and the result of each row, where there is no terminal."""

    def __init__(self) -> None:
        self._log = LogDisplay()

    def __enter__(self) -> Self:
        self._log.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.__exit__(kind, error, trace)

    def start(self, row: str) -> None:
        """Print that a row starts."""
        self._log.start(row)

    def event(self, row: str, event: Event) -> None:
        """Print the progress of the running row, now and then."""
        self._log.event(row, event)

    def finish(self, row: str, result: dict[str, Any], again: bool) -> None:
        """Print the result of a row; `again` is true for a result of an earlier call."""
        self._log.end(_outcome(row, result, again).plain)


def grid_display_for(console: Console) -> GridDisplay | GridLog:
    """Return the display of a grid: a live one on a terminal, otherwise one that prints lines."""
    return GridDisplay(console) if console.file.isatty() else GridLog()


def _outcome(row: str, result: dict[str, Any], again: bool) -> Text:
    if result["state"] == "failed":
        return Text.assemble(("✗ ", "red"), (f"{row:<10} ", "bold"), result["message"])
    note = "from an earlier run" if again else _length(result)
    return Text.assemble(("✓ ", "green"), (f"{row:<10} ", "bold"), _headline(result), (f"  {note}", "dim"))


def _length(result: dict[str, Any]) -> str:
    if "same_as" in result:
        return f"the same settings as {result['same_as']}"
    rounds = result["epochs"]
    return f"{rounds} round{'s' if rounds != 1 else ''} in {result['train_seconds']:.0f} s"


def _headline(result: dict[str, Any]) -> str:
    parts = []
    for head in HEADS.values():
        value = result["metrics"].get(head.name, {}).get(head.headlines[0])
        if value is not None:
            parts.append(f"{value:7.2f} {head.label}")
    return "  ".join(parts)


def print_tables(report: Report, console: Console) -> None:
    """Print every table with its ranks and rank correlations, then the paths of the files."""
    for filled in report.tables:
        if any(
            line.published[m] == line.published[m] or line.note != "not run" for line in filled.lines for m in line.ours
        ):
            _print_table(filled, console)
    for sentence in circumstances(report.results):
        console.print(sentence, style="dim", highlight=False, markup=False)
    for paragraph in report.paragraphs:
        console.print(f"\n{paragraph}", highlight=False, markup=False)
    for path in report.files:
        console.print(done(path), soft_wrap=True)


def _print_table(filled: Filled, console: Console) -> None:
    metrics = _that_fit(filled, console.width)
    table = Table(title=plain(filled.table.title), title_justify="left", header_style="bold", box=None, padding=(0, 1))
    table.add_column("run", style="bold", no_wrap=True)
    for metric in metrics.values():
        table.add_column(plain(metric.title), justify="right", no_wrap=True)
    if filled.published:
        table.add_column("rank", justify="center", no_wrap=True)
    for line in filled.lines:
        values = [_pair(line, name, metric, filled.published) for name, metric in metrics.items()]
        table.add_row(plain(line.name), *values, *([_coloured_rank(line)] if filled.published else []))
    console.print()
    console.print(table)
    notes = ["[dim]published[/] ours; rank: published → ours"] if filled.published else []
    left_out = [metric.title for name, metric in filled.table.metrics.items() if name not in metrics]
    notes += [f"left out, since the terminal is narrow: {escape(', '.join(left_out))}"] if left_out else []
    notes += map(escape, shown_agreement(filled)) if filled.published else []
    notes += [f"[yellow]missing:[/] {escape('; '.join(filled.missing))}"] if filled.missing else []
    for note in notes:
        console.print(f"  {note}", highlight=False)


def _that_fit(filled: Filled, width: int) -> dict[str, Metric]:
    """Return the metrics whose columns fit beside name and rank; the metric that ranks is always among them."""
    metrics, room = dict(filled.table.metrics), width - 11 - max(len(line.name) for line in filled.lines)
    for name in reversed(filled.table.metrics):
        needed = sum(2 + max(13 if filled.published else 6, len(metric.title)) for metric in metrics.values())
        if needed > room and name != filled.table.rank_by:
            del metrics[name]
    return metrics


def _pair(line: Line, name: str, metric: Metric, published: bool) -> Text:
    ours = Text(f"{shown(line.ours[name], metric):>6}")
    return Text.assemble((f"{shown(line.published[name], metric):>6} ", "dim"), ours) if published else ours


def _coloured_rank(line: Line) -> Text:
    """Return the published and our rank: green if ours is better, red if it is worse."""
    if not np.isfinite(line.rank_ours):
        return Text("–", "dim")
    moved = line.rank_ours - line.rank_published
    colour = "green" if moved < 0 else "red" if moved > 0 else ""
    return Text.assemble((f"{line.rank_published:2.0f} → ", "dim"), (f"{line.rank_ours:2.0f}", colour))


def print_matrix(matrix: Matrix, files: list[Path], console: Console) -> None:
    """Print each target's error from each start, its change against random weights, and the paths of the files."""
    table = Table(title=plain(matrix.metric.title), title_justify="left", header_style="bold", box=None, padding=(0, 1))
    table.add_column("target", style="bold", no_wrap=True)
    for source in matrix.sources:
        table.add_column(plain(f"from {source}"), justify="right", no_wrap=True)
    for target in matrix.targets:
        cells = [matrix.cells.get((target, source)) for source in matrix.sources]
        table.add_row(plain(target), *(cell_text(cell, matrix) for cell in cells))
        changes = [shown_change(cell.change) if cell and cell.change and cell.error else "" for cell in cells]
        table.add_row("", *(Text(change, style="dim") for change in changes))
    console.print(table)
    for sentence in sentences(matrix):
        console.print(sentence, highlight=False, markup=False)
    for cell in matrix.cells.values():
        if cell.note:
            console.print(Text.assemble(plain(f"{cell.target} from {cell.source}: ", "yellow"), plain(cell.note)))
    for path in files:
        console.print(done(path), soft_wrap=True)


def print_costs(costs: list[Cost], console: Console) -> None:
    """Print the costs of each network."""
    table = Table(header_style="bold", box=None, padding=(0, 1))
    table.add_column("network", style="bold")
    for name in Cost.HEADS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("rows", style="dim")
    for cost in costs:
        table.add_row(*map(plain, (cost.network, *cost.values(), ", ".join(cost.rows))))
    console.print(table)
