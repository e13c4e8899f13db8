"""Reporters of a flow's progress: the live display of a terminal, or the log of a Prefect run."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from heelstrike.progress import LOG_EVERY_S, Event, format_fields


class Reporter(Protocol):
    """Receives the start, the progress and the end of each stage."""

    def start(self, stage: str) -> None:
        """Report that a stage starts."""

    def event(self, stage: str, event: Event) -> None:
        """Report a stage's progress."""

    def finish(self, stage: str, note: str = "") -> None:
        """Report that a stage has succeeded; `note` is its result in a few words."""

    def say(self, line: str) -> None:
        """Report a message of one line."""


class LineReporter:
    """Reports in lines: the start and the end of each stage, and progress at most every ten seconds.

    Args:
        write: Called with every line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last = 0.0

    def start(self, stage: str) -> None:
        """Report that a stage starts."""
        self.say(f"{stage} started")

    def event(self, stage: str, event: Event) -> None:
        """Report the progress if the last line about progress is ten seconds old."""
        if time.monotonic() - self._last >= LOG_EVERY_S:
            self._last = time.monotonic()
            self.say(f"{stage}: {event['label']} {event['done']}/{event['total']} {format_fields(event['fields'])}")

    def finish(self, stage: str, note: str = "") -> None:
        """Report that a stage has succeeded."""
        self.say(f"{stage} done{': ' if note else ''}{note}")

    def say(self, line: str) -> None:
        """Report a line."""
        self._write(line)


def show(to: Reporter, stage: str, event: Event) -> None:
    """Report an event that is progress; the records of a stage are for the run in MLflow only."""
    if "record" not in event:
        to.event(stage, event)


def log_of_run(line: str) -> None:
    """Write a line to the log of the Prefect run."""
    from prefect.logging import get_run_logger

    get_run_logger().info(line)


# The command line sets its display here; a flow that a worker starts has no display, and logs. It cannot be a
# parameter of the flow, since Prefect sends parameters to its server.
reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def current_reporter() -> Reporter:
    """Return the reporter that the flow's caller has set, or one that writes to the run's log."""
    return reporter.get() or LineReporter(log_of_run)
