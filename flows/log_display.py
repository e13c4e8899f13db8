"""The display of a flow without a terminal: lines with the time, for a log file, cron or CI."""

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console

from flows.display import StageDisplay
from flows.reporting import LineReporter
from heelstrike.progress import Event, format_fields, print_line

_STILL_RUNNING_S = 60.0


class LogDisplay(LineReporter):
    """Prints a line at the start and the end of each stage, its progress, and at least a line a minute."""

    def __init__(self) -> None:
        super().__init__(self._print)
        self._stage, self._progress = "", ""
        self._printed, self._ended = time.monotonic(), threading.Event()
        self._watch = threading.Thread(target=self._print_every_minute, daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._watch.join()
        if self._stage and error is not None:
            self._print(f"{self._stage} did not end")

    def start(self, stage: str) -> None:
        """Print that a stage starts."""
        self._stage, self._progress = stage, ""
        super().start(stage)

    def event(self, stage: str, event: Event) -> None:
        """Print the progress if the last line about progress is ten seconds old."""
        self._progress = f"{event['done']}/{event['total']} {format_fields(event['fields'])}".rstrip()
        super().event(stage, event)

    def finish(self, stage: str, note: str = "") -> None:
        """Print that a stage has succeeded, with its result or else its last progress."""
        self._stage = ""
        super().finish(stage, note or self._progress)

    def end(self, line: str) -> None:
        """Print a line of its own for the end of the running stage."""
        self._stage = ""
        self.say(line)

    def _print(self, line: str) -> None:
        self._printed = time.monotonic()
        print_line(line, sys.stdout)

    def _print_every_minute(self) -> None:
        while not self._ended.wait(_STILL_RUNNING_S / 60):
            if self._stage and time.monotonic() - self._printed >= _STILL_RUNNING_S:
                self._print(f"{self._stage} is still running {self._progress}".rstrip())


def display_for(console: Console) -> StageDisplay | LogDisplay:
    """Return the display of a flow: a live one on a terminal, otherwise one that prints lines."""
    return StageDisplay(console) if console.file.isatty() else LogDisplay()
