"""Flows as the command line runs them: Prefect is quiet, a live display shows the progress, a summary follows."""

import os
from pathlib import Path
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
os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")
if os.environ.get("PREFECT_API_URL"):
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", str(limit_s()))

from flows.embedded_server import start_embedded_server
from flows.log_display import display_for
from flows.lost_runs import end_lost_runs
from flows.prefect_runs import wait_until_recorded
from flows.prefect_server import check_prefect_server
from flows.reporting import reporter
from heelstrike.text import printable_lines
from pipeline.layout import Layout


def start_prefect() -> list[str]:
    """Check the server that is configured, or start a temporary one, and end runs that it wrongly shows as running.

    Returns:
        A line about each run that was ended.

    Raises:
        UserError: The server does not answer.
    """
    check_prefect_server()
    start_embedded_server()
    return end_lost_runs()


def run_retrain(problem: str, root: Path, console: Console, *, wait: bool) -> None:
    """Run the retrain flow with a live display and print its summary.

    Raises:
        UserError: A stage failed, or a store does not answer.
    """
    with console.status("starting Prefect"):
        start_prefect()
        from flows.retrain import retrain
        from flows.summary import print_summary
    with display_for(console) as display:
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
        start_prefect()
        from flows.ingest import ingest
        from flows.left_files import lines_about_left
    with display_for(console) as display:
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
