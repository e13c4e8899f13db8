"""What the command line does around a flow: a quiet Prefect, a live display, the summary at the end."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
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

if TYPE_CHECKING:
    from heelstrike.predict.predictor import About


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


def about_inputs(dpi: float | None, mm_per_px: float | None, words: list[str]) -> "About":
    """What the command line says of the inputs.

    Args:
        dpi: Dots per inch.
        mm_per_px: Side of a pixel in millimetres; one of the two, or neither.
        words: NAME=VALUE.

    Raises:
        UserError: Both scales are given, or a word is not NAME=VALUE.
    """
    from heelstrike.predict.predictor import About
    from heelstrike.units import MM_PER_INCH

    if dpi is not None and mm_per_px is not None:
        raise UserError("--dpi and --mm-per-px say the same; give one of them")
    wrong = [word for word in words if not all(word.partition("="))]
    if wrong:
        raise UserError(f"--about {wrong[0]}: expected NAME=VALUE, for instance foot=left")
    slices = {name: value for name, _, value in (word.partition("=") for word in words)}
    return About(MM_PER_INCH / dpi if dpi else mm_per_px, slices)


def run_predict(
    path: Path,
    reference: str,
    out: Path | None,
    root: Path,
    console: Console,
    overlay: bool,
    offline: bool,
    about: "About",
) -> bool:
    """Pull a model, predict, and print what was written. No Prefect here: a consumer's machine need not have a server.

    Returns:
        Whether any input failed.

    Raises:
        UserError: The model or the input is not there, or not usable.
    """
    from heelstrike.package.runtime import Package
    from heelstrike.predict.predictor import predict_path
    from heelstrike.predict.results import Model
    from heelstrike.registry.pull import resolve

    pulled = resolve(reference, root, offline)
    if out is None:
        out = path if path.is_dir() else path.parent
    report = predict_path(path, Package.load(pulled.folder), Model.referred(pulled.reference), out, overlay, about)
    for done in report.done:
        for file in done.files:
            console.print(f"[green]✓[/] {file}", highlight=False)
        if done.summary["not_reliable"]:
            count, frames = done.summary["not_reliable"], done.summary["frames"]
            said = "not reliable" if frames == 1 else f"{count} of {frames} frames are not reliable"
            console.print(f"[yellow]{said}[/] {done.input}: see `doubts` in its JSON", highlight=False)
    for exam in report.exams:
        said = exam.measurement.message or "; ".join(exam.measurement.warnings)
        mark = "[green]✓[/]" if exam.measurement.measured else "[yellow]not measured[/]"
        console.print(f"{mark} {exam.file}{f': {said}' if said else ''}", highlight=False)
    for file, reason in report.failed:
        console.print(f"[red]failed[/] {file}: {reason}", highlight=False)
    if report.ignored:
        console.print(f"{len(report.ignored)} other files ignored", highlight=False)
    return bool(report.failed)
