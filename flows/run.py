"""Flows as the command line runs them: Prefect is quiet, a live display shows the progress, a summary follows."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from uuid import UUID

from rich.console import Console

import pipeline.quiet  # noqa: F401 - first: telemetry is turned off before anything else is imported
from heelstrike.waits import limit_s

# Without PREFECT_API_URL, Prefect starts a server of its own. In a fresh home that takes about 20 s.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
# The display shows progress and errors become messages; Prefect's own lines and tracebacks would hide both.
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
# A server that stops answering ends the command within about a minute; Prefect itself would wait for many.
if os.environ.get("PREFECT_API_URL"):
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", str(limit_s()))
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")

from flows.log_display import display_for
from flows.prefect_runs import wait_until_recorded
from flows.prefect_server import check_prefect_server
from flows.reporting import reporter
from heelstrike.text import printable_lines
from pipeline.layout import Layout


def run_retrain(problem: str, root: Path, console: Console, *, wait: bool) -> None:
    """Run the retrain flow with a live display and print its summary.

    Raises:
        UserError: A stage failed, or a store does not answer.
    """
    with console.status("starting Prefect"):
        check_prefect_server()
        from flows.retrain import retrain
        from flows.summary import print_summary
    with display_for(console) as display, interrupted_by_termination():
        token = reporter.set(display)
        try:
            released = retrain(problem, root=str(root), wait=wait)
        finally:
            reporter.reset(token)
    print_summary(released, console)
    with console.status("waiting until Prefect has recorded every task"):
        wait_until_recorded(UUID(released.flow_run))


def run_ingest(problem: str, folder: Path | None, root: Path, console: Console, *, wait: bool) -> bool:
    """Run the ingest flow and print which files were accepted and which were left.

    Returns:
        True if a file was left that will not be taken without somebody's help.
    """
    with console.status("starting Prefect"):
        check_prefect_server()
        from flows.ingest import ingest
        from flows.left_files import lines_about_left
    with display_for(console) as display, interrupted_by_termination():
        token = reporter.set(display)
        try:
            ingested = ingest(problem, folder=str(folder) if folder else None, root=str(root), wait=wait)
        finally:
            reporter.reset(token)
    if ingested.batch:
        console.print(f"[green]✓[/] {len(ingested.accepted)} files are now data/raw/{problem}/{ingested.batch}")
    lines = lines_about_left(Layout(root, problem), ingested)
    for line in lines:
        console.print(printable_lines(line), markup=False, highlight=False, soft_wrap=True)
    if not ingested.batch and not lines:
        console.print("The inbox has no new files.")
    return bool(ingested.rejected)


@contextmanager
def interrupted_by_termination() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: child processes are ended, locks are freed, and a message follows.

    Prefect handles the signal within a flow run, and passes it on to this handler when the run has ended.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
