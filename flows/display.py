"""The live display of a flow: one line for each stage, with a progress bar and the newest numbers."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from heelstrike.progress import Event, format_fields
from heelstrike.text import printable, printable_lines


def bars(console: Console) -> Progress:
    """Live lines with description, bar, count, time and the task's `note`, which is cut at the terminal's edge."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn(
            "{task.fields[note]}",
            style="dim",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
        console=console,
        expand=True,
    )


def state_of(event: Event) -> dict[str, Any]:
    """Return the arguments of `Progress.update` that show an event in a line of `bars`."""
    note = "  ".join(filter(None, (event["label"], format_fields(event["fields"]))))
    return {"completed": event["done"], "total": event["total"] or None, "note": printable(note)}


class StageDisplay:
    """A live list of stages that have started: running with a bar, done, unchanged, or failed."""

    def __init__(self, console: Console) -> None:
        self._progress = bars(console)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._progress.tasks:
            if not task.finished:
                self._progress.update(task.id, description=f"[red]✗ {task.description}")
        self._progress.stop()

    def start(self, stage: str) -> None:
        """Show a stage as running; its length is not known yet."""
        self._tasks[stage] = self._progress.add_task(f"[bold]{escape(stage)}", total=None, note="")

    def event(self, stage: str, event: Event) -> None:
        """Show a stage's newest progress event."""
        self._progress.update(self._tasks[stage], **state_of(event))

    def finish(self, stage: str, note: str = "") -> None:
        """Show a stage as done, with its result in `note`; an empty note leaves the last one."""
        task = self._progress.tasks[self._tasks[stage]]
        total = task.total or 1
        self._progress.update(self._tasks[stage], completed=total, total=total, note=note or task.fields["note"])

    def say(self, line: str) -> None:
        """Print a line above the display."""
        self._progress.console.print(printable_lines(line), highlight=False, markup=False)
