"""The ingest flow: new videos and labels from an inbox become a versioned batch below data/raw.

A batch is a folder `data/raw/PROBLEM/NNNN-DIGEST` that is never changed: DVC holds its bytes, git its pointer and a
tag. It is written in a folder beside and renamed when it is complete. After a kill at any point the same command
completes the work.
"""

import filecmp
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from prefect import flow, task

from flows.reporting import current_reporter
from flows.versioning import commit_paths, dvc, git, tag
from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest
from heelstrike.progress import listening
from pipeline.collect.check import REASON_SUFFIX, check_inbox
from pipeline.layout import Layout
from pipeline.params import load_params, problem_in


@dataclass(frozen=True)
class Ingested:
    """The result of an ingest.

    Attributes:
        batch: Name of the new batch folder; empty if no file was accepted.
        accepted: Paths of the batch's files, relative to the inbox.
        rejected: Path of each file that stays in the inbox, with the reason.
    """

    batch: str
    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def inbox_of(layout: Layout) -> Path:
    """Return the folder where new videos and labels of a problem arrive."""
    return layout.root / "data" / "inbox" / layout.problem


@flow(name="ingest", flow_run_name="ingest-{problem}")
def ingest(problem: str, folder: str | None = None, root: str = ".") -> Ingested:
    """Check the files of an inbox, version the good ones, and write the reason beside each one that is rejected.

    Args:
        problem: The problem's name in params.yaml.
        folder: The inbox, by default `data/inbox/PROBLEM`. Files of any other folder are copied and stay there.
        root: The repository root.

    Raises:
        UserError: The folder is missing or params.yaml is wrong.
    """
    layout = Layout(Path(root).resolve(), problem)
    inbox = Path(folder).resolve() if folder else inbox_of(layout)
    if not inbox.is_dir():
        raise UserError(f"{inbox}: there is no such folder; put videos and their labels there, or name another folder")
    params = load_params(layout.root / "params.yaml")
    problem_in(params, problem)
    reporter = current_reporter()
    reporter.start("check inbox")
    with listening(lambda event: reporter.event("check inbox", event)):
        checked = check_inbox(inbox, params[problem].collect, params[problem].problem)
    reporter.finish("check inbox", f"{len(checked.accepted)} files accepted, {len(checked.rejected)} rejected")
    _leave_reasons(inbox, checked.rejected)
    if not checked.accepted:
        return Ingested("", [], checked.rejected)
    batch = version_batch(layout, inbox, checked.accepted)
    if inbox.is_relative_to(layout.root / "data" / "inbox"):
        _clear(inbox, layout.raw / batch, checked.accepted)
    return Ingested(batch, checked.accepted, checked.rejected)


@task(name="version batch")
def version_batch(layout: Layout, inbox: Path, names: list[str]) -> str:
    """Copy the files to a batch folder, add it to DVC, commit and tag it in git, and push it.

    Returns:
        The batch's name. A repeated call with the same files gives the same batch and completes an interrupted call.
    """
    digest = json_digest({name: file_digest(inbox / name) for name in names})[:10]
    batch = _folder_for(layout.raw, digest)
    if not batch.exists():
        with folder_aside(batch) as aside:
            for name in names:
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(inbox / name, aside / name)
    pointer = batch.with_name(f"{batch.name}.dvc")
    dvc(layout.root, "add", str(batch.relative_to(layout.root)))
    paths = [path for path in (pointer, layout.raw / ".gitignore") if path.exists()]
    title = f"Ingest {layout.problem} batch {batch.name}"
    if commit_paths(layout.root, paths, f"{title}\n\n{len(names)} files:\n" + "\n".join(names)):
        current_reporter().say(
            f"{title}: {len(names)} files, commit {git(layout.root, 'rev-parse', '--short', 'HEAD')}"
        )
    tag(layout.root, f"data/{layout.problem}/{batch.name}", title)
    dvc(layout.root, "push", str(pointer.relative_to(layout.root)))
    return batch.name


def _folder_for(raw: Path, digest: str) -> Path:
    """Return the folder of the batch with this digest, or a new one with the next free number."""
    raw.mkdir(parents=True, exist_ok=True)
    batches = sorted({path.name.removesuffix(".dvc") for path in raw.glob("[0-9]*-*")})
    same = [name for name in batches if name.endswith(f"-{digest}")]
    last = int(batches[-1].split("-")[0]) if batches else 0
    return raw / (same[0] if same else f"{last + 1:04d}-{digest}")


def _leave_reasons(inbox: Path, rejected: dict[str, str]) -> None:
    """Write NAME.reason.txt beside each rejected file, and remove reasons that no longer hold."""
    for old in inbox.rglob(f"*{REASON_SUFFIX}"):
        if str(old.relative_to(inbox)).removesuffix(REASON_SUFFIX) not in rejected:
            old.unlink()
    for name, reason in rejected.items():
        try:
            (inbox / f"{name}{REASON_SUFFIX}").write_text(f"{reason}\n")
        except OSError as error:
            current_reporter().say(f"{name}: {reason} (the reason could not be written beside it: {error.strerror})")


def _clear(inbox: Path, batch: Path, names: list[str]) -> None:
    """Remove the files whose bytes are in the batch, and the folders that become empty.

    A file that was changed while the batch was versioned stays for the next ingest. Files outside the inbox, behind a
    linked folder, are not ours to remove and stay too.
    """
    resolved = inbox.resolve()
    inside = [inbox / name for name in names if (inbox / name).parent.resolve().is_relative_to(resolved)]
    for file in inside:
        copy = batch / file.relative_to(inbox)
        if file.is_file() and copy.is_file() and filecmp.cmp(file, copy, shallow=False):
            file.unlink()
    emptied = {folder for file in inside for folder in file.parents if folder.is_relative_to(inbox) and folder != inbox}
    for folder in sorted(emptied, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
