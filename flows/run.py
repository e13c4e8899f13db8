"""What the command line does around a flow: a quiet Prefect, a live display, the summary at the end."""

import os
from pathlib import Path
from uuid import UUID

from rich.console import Console

import pipeline.quiet  # noqa: F401 - first: what phones home is turned off before anything is imported

# Prefect starts a server of its own where PREFECT_API_URL names none. In a fresh home that takes about 20 s.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
# The display shows what happens and errors become messages; Prefect's own lines and tracebacks would drown both.
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")

from flows.display import StageDisplay
from flows.prefect_runs import wait_until_recorded
from flows.reporting import reporter
from heelstrike.errors import UserError
from pipeline.params import load_params


def run_retrain(problem: str, root: Path, console: Console, *, wait: bool) -> None:
    """Run the retrain flow with a live display and print its summary.

    Raises:
        UserError: See `flows.retrain.retrain`.
    """
    known = load_params(root / "params.yaml")  # before Prefect starts: a typing error is an answer at once
    if problem not in known:
        raise UserError(f"params.yaml has no problem {problem!r}; it has {', '.join(known)}")
    with console.status("starting Prefect"):
        from flows.retrain import retrain
        from flows.summary import print_summary
    with StageDisplay(console) as display:
        token = reporter.set(display)
        try:
            released = retrain(problem, root=str(root), wait=wait)
        finally:
            reporter.reset(token)
    print_summary(released, console)
    with console.status("waiting until Prefect has recorded every task"):
        wait_until_recorded(UUID(released.flow_run))


def run_ingest(problem: str, folder: Path | None, root: Path, console: Console) -> bool:
    """Run the ingest flow and print what was taken and what was not.

    Returns:
        Whether anything was rejected.
    """
    with console.status("starting Prefect"):
        from flows.ingest import ingest
    with StageDisplay(console) as display:
        token = reporter.set(display)
        try:
            found = ingest(problem, folder=str(folder) if folder else None, root=str(root))
        finally:
            reporter.reset(token)
    if found.batch:
        console.print(f"[green]✓[/] {len(found.accepted)} files are now data/raw/{problem}/{found.batch}")
    for name, reason in found.rejected.items():
        console.print(f"[yellow]left in the inbox[/] {name}: {reason}", highlight=False)
    if not found.batch and not found.rejected:
        console.print("The inbox holds nothing to take.")
    return bool(found.rejected)
