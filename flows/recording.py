"""What a retrain leaves for others: a commit with everything that made its outputs, and the outputs in DVC's remote."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from flows.reporting import current_reporter
from flows.stages import stage_names
from flows.versioning import commit_paths, dvc, git
from heelstrike.errors import UserError, first_line
from heelstrike.files import write_aside
from pipeline.environment import as_requirements, installed
from pipeline.layout import Layout, environment_file
from pipeline.tracking.lineage import uncommitted_inputs

_RAW = "Batches of videos, images and labels; `heelstrike ingest` puts them here, DVC holds their bytes.\n"


@task(name="record state", cache_policy=NO_CACHE)
def record_state(layout: Layout, ran: list[str]) -> None:
    """Commit the files of the stages that git holds, so that `dvc checkout` of this commit restores all outputs.

    Without the splits in git, the next clone would assign the subjects anew, and train on images that a champion was
    tested on. params.yaml is committed with dvc.lock, since nobody could repeat the stages without it. If stages ran,
    the list of installed packages is committed too. Code is not: a line says what the commit lacks.
    """
    environment = layout.root / environment_file(layout.problem)
    if ran:
        with write_aside(environment) as aside:
            aside.write_text(as_requirements(installed()))
    keep_raw_folder(layout)
    candidates = [
        environment,
        layout.root / "params.yaml",
        layout.root / "dvc.lock",
        layout.raw / ".gitkeep",
        layout.root / "data" / layout.problem / "subjects.csv",
        layout.root / "reports" / layout.problem / "metrics.json",
    ]
    paths = [path for path in candidates if path.is_file()]
    say = current_reporter().say
    if commit_paths(layout.root, paths, f"Record the retrain of {layout.problem}"):
        commit = git(layout.root, "rev-parse", "--short", "HEAD")
        say(f"params.yaml, dvc.lock, splits and metrics are committed as {commit}; it holds no other changes")
    if missing := uncommitted_inputs(layout):
        say(f"this retrain cannot be reproduced from git: {', '.join(missing)} not committed as the stages read them")


def keep_raw_folder(layout: Layout) -> None:
    """Give the folder of raw files a file for git, so that every clone has the folder, which a stage depends on."""
    note = layout.raw / ".gitkeep"
    layout.raw.mkdir(parents=True, exist_ok=True)
    if not note.exists():
        note.write_text(_RAW)


@task(name="push", cache_policy=NO_CACHE)
def push_outputs(layout: Layout) -> object:
    """Push what dvc.lock names to DVC's remote. A remote that is away does not fail the retrain; the next one pushes.

    Returns:
        `None`, or the state `NotPushed` with the reason.
    """
    say = current_reporter().say
    try:
        dvc(layout.root, "push", *stage_names(layout.root, layout.problem))
        return None
    except UserError as error:
        lines = str(error).splitlines()
        reason = first_line(next((line for line in lines if line.startswith("ERROR")), lines[-1]))
    say(
        f"the outputs are not in DVC's remote yet: {reason.removeprefix('ERROR: ')}; the next retrain pushes them, or "
        "`dvc push` (docs/stores.md)"
    )
    return Completed(name="NotPushed", message=reason)
