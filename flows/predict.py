"""The predict flow: runs a problem's champion on every image and video of a folder."""

from pathlib import Path

from prefect import flow, task

from flows.lost_runs import tag_with_process
from flows.reporting import current_reporter
from heelstrike.errors import UserError
from heelstrike.model import Model
from heelstrike.predict.describe import measured
from heelstrike.predict.predictor import Report
from heelstrike.registry.pull import Pulled, resolve


@flow(name="predict", flow_run_name="predict-{problem}", on_running=[tag_with_process])
def predict(problem: str, folder: str | None = None, out: str | None = None, root: str = ".") -> list[str]:
    """Run a problem's champion on a folder.

    Args:
        problem: The problem's name; its champion is used.
        folder: Folder of images and videos; by default `data/predict/PROBLEM/in`.
        out: Folder for the results; by default `data/predict/PROBLEM/out`.
        root: The repository root.

    Returns:
        Paths of the files that were written.

    Raises:
        UserError: There is no champion, or no image or video; or some files failed, and the results of the others are
            written.
    """
    base = Path(root).resolve() / "data" / "predict" / problem
    pulled = fetch_champion(problem, root)
    report = predict_folder(pulled, Path(folder) if folder else base / "in", Path(out) if out else base / "out")
    say = current_reporter().say
    say(f"{len(report.done)} files predicted with {pulled.reference}, {len(report.ignored)} ignored")
    for done in report.done:
        say(f"{done.input}: {measured(done)}")
        if done.summary.not_reliable:
            say(f"{done.input}: {done.summary.not_reliable} of {done.summary.frames} frames are not reliable")
    if report.failed:
        raise UserError("\n".join(f"{file}: {reason}" for file, reason in report.failed))
    files = [file for done in report.done for file in done.files]
    return [str(file) for file in (*files, *(exam.file for exam in report.exams))]


@task(name="pull", retries=2, retry_delay_seconds=5)
def fetch_champion(problem: str, root: str) -> Pulled:
    """Pull the champion; a registry that does not answer is asked two more times."""
    return resolve(f"{problem}@champion", Path(root))


@task(name="predict folder")
def predict_folder(pulled: Pulled, folder: Path, out: Path) -> Report:
    """Predict on every image and video of a folder."""
    return Model(pulled).write(folder, out)
