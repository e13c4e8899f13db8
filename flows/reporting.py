"""Who hears what a flow does: the live display of a terminal, or the log of a Prefect run."""

import time
from contextvars import ContextVar
from typing import Protocol

from heelstrike.progress import Event, format_fields


class Reporter(Protocol):
    """Hears of stages as they start, move on and end."""

    def start(self, stage: str) -> None:
        """A stage starts."""

    def event(self, stage: str, event: Event) -> None:
        """A stage has moved on."""

    def finish(self, stage: str, note: str = "") -> None:
        """A stage has ended well; `note` says what came of it."""

    def say(self, line: str) -> None:
        """A line for the reader."""


class LogReporter:
    """Writes to the log of the Prefect run: starts, ends, and progress at most every ten seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    def start(self, stage: str) -> None:
        """Log that a stage starts."""
        self.say(f"{stage} started")

    def event(self, stage: str, event: Event) -> None:
        """Log progress, but not every step of it."""
        if time.monotonic() - self._last >= 10:
            self._last = time.monotonic()
            self.say(f"{stage}: {event['label']} {event['done']}/{event['total']} {format_fields(event['fields'])}")

    def finish(self, stage: str, note: str = "") -> None:
        """Log that a stage has ended."""
        self.say(f"{stage} done{': ' if note else ''}{note}")

    def say(self, line: str) -> None:
        """Log a line."""
        from prefect.logging import get_run_logger

        get_run_logger().info(line)


# The command line sets its display here; a flow started by a worker finds none and logs. A flow parameter would not do:
# Prefect sends those to its server.
reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def current_reporter() -> Reporter:
    """The reporter that the caller of the flow has set, or the run's log."""
    return reporter.get() or LogReporter()
