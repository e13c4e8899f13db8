"""Progress of long work, shown in the terminal or reported to the flow that started the stage.

A stage run by hand or by `dvc repro` draws its own Rich bar on stderr, or prints lines there if it is no terminal. A
flow sets the environment variable HEELSTRIKE_PROGRESS to the path of a file; its stages append a JSON object per line
to this file, and the flow draws one display for all of them. Work in the flow's own process passes the same objects to
the function that `listening` sets. An object with the key `record` is a result that is known before the stage ends,
such as the metrics of an epoch; a flow logs it and does not draw it.
"""

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from heelstrike.text import printable

PROGRESS_FILE = "HEELSTRIKE_PROGRESS"
LOG_EVERY_S = 10.0  # at most one line of progress in this time, where lines are printed
Event = dict[str, Any]
Listener = Callable[[Event], None]
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


class Progress(ABC):
    """The progress of one piece of work with `total` steps."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0

    def advance(self, steps: int = 1, **fields: float | str) -> None:
        """Count steps as done. `fields`, for instance a loss, are shown beside the bar."""
        self.done += steps
        self._show(fields)

    def record(self, kind: str, values: Mapping[str, Any]) -> None:
        """Hand a result to the flow that started the stage; without a flow nothing happens.

        Args:
            kind: What the values are, for instance `epoch`.
            values: Values that JSON can hold.
        """
        return

    @abstractmethod
    def _show(self, fields: dict[str, float | str]) -> None:
        """Show the current progress."""


class _ToListener(Progress):
    def __init__(self, label: str, total: int, listener: Listener) -> None:
        super().__init__(label, total)
        self._listener = listener
        self._show({})

    def _show(self, fields: dict[str, float | str]) -> None:
        self._listener(self._event() | {"fields": fields})

    def record(self, kind: str, values: Mapping[str, Any]) -> None:
        self._listener(self._event() | {"record": kind, "values": dict(values)})

    def _event(self) -> Event:
        return {"label": self.label, "done": self.done, "total": self.total, "time": time.time()}


def _append_to(path: Path) -> Listener:
    def listener(event: Event) -> None:
        with path.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    return listener


class _ToLines(Progress):
    """Prints lines for a log file: the first and the last step, and in between a line every ten seconds at most."""

    def __init__(self, label: str, total: int) -> None:
        super().__init__(label, total)
        self._last = float("-inf")
        if total > 1:
            self._show({})

    def _show(self, fields: dict[str, float | str]) -> None:
        now = time.monotonic()
        if self.done >= self.total or now - self._last >= LOG_EVERY_S:
            self._last = now
            print_line(f"{self.label}: {self.done}/{self.total} {format_fields(fields)}".rstrip(), sys.stderr)


class _ToTerminal(Progress):
    def __init__(self, label: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        super().__init__(label, total)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        note = TextColumn("{task.fields[note]}", style="dim", markup=False)
        stderr = Console(stderr=True)  # stdout is for results
        self._bars = Bars(*columns, TimeRemainingColumn(), note, console=stderr)
        self._bar = self._bars.add_task(printable(label), total=total, note="")
        self._bars.start()

    def _show(self, fields: dict[str, float | str]) -> None:
        self._bars.update(self._bar, completed=self.done, note=format_fields(fields))

    def close(self) -> None:
        self._bars.stop()


def print_line(text: str, stream: TextIO) -> None:
    """Print a line of a log with the time before it, at once."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}", file=stream, flush=True)


def format_fields(fields: dict[str, float | str]) -> str:
    """Return fields as text, for instance `rmse_px 0.93  lr 0.001`."""
    return "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in fields.items())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Pass all progress within the block to a function instead of drawing it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def progress(label: str, total: int) -> Iterator[Progress]:
    """Show the progress of `total` steps.

    Example:
        with progress("decode videos", len(videos)) as bar:
            for video in videos:
                decode(video)
                bar.advance()
    """
    path = os.environ.get(PROGRESS_FILE)
    listener = _listener.get() or (_append_to(Path(path)) if path else None)
    if listener:
        yield _ToListener(label, total, listener)
        return
    if not sys.stderr.isatty():
        yield _ToLines(label, total)
        return
    bar = _ToTerminal(label, total)
    try:
        yield bar
    finally:
        bar.close()
