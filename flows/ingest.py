"""The ingest flow: new videos and labels from an inbox become a versioned batch below data/raw.

A batch is a folder `data/raw/PROBLEM/NNNN-DIGEST` that is never changed: DVC holds its bytes, git its pointer and, once
the DVC remote has the bytes, a tag. It is copied aside, compared with the inbox and renamed when it is complete. Files
leave the inbox last, and only if the batch holds the same bytes. After a kill at any point the same command completes
the work.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.batches import (
    Batch,
    batch_digest,
    batch_tag,
    content_hash,
    folder_for,
    half_made,
    versioned_batches,
    versioned_files,
    withdraw,
)
from flows.checkout_lock import problem_lock
from flows.git_state import require_branch
from flows.inbox import check_folder, clear, leave_reasons, put_back_taken
from flows.lost_runs import tag_with_process
from flows.quiet_files import Stamp, stamps, still_written
from flows.reporting import current_reporter
from flows.same_media import share_media
from flows.versioning import await_dvc, commit_paths, dvc, git, tag
from heelstrike.errors import UserError
from heelstrike.media import files_below
from heelstrike.progress import listening
from pipeline.collect.check import Checked, check_inbox
from pipeline.layout import REASON_SUFFIX, Layout
from pipeline.params import ProblemParams, load_params, problem_in

_MISSING = re.compile(r": ([^\n:]+) is not there; ")  # what readers say of media


@dataclass(frozen=True)
class Ingested:
    """The result of an ingest; files are named relative to the inbox.

    Attributes:
        batch: Name of the new batch folder; empty if no file was accepted.
        accepted: The batch's files.
        rejected: What is wrong with a file that stays in the inbox, by its name.
        unknown: Why a file stays that is nothing to ingest, by its name.
        waiting: Files that stay since they belong to others that stay: the others' names by the file's name.
        unfinished: Files that stay since they are still being written.
        versioned: Files that an earlier batch has already, with the batch's name.
        unremoved: Why a file that a batch has stays in the inbox, by its name.
    """

    batch: str = ""
    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    versioned: dict[str, str] = field(default_factory=dict)
    unremoved: dict[str, str] = field(default_factory=dict)


class ChangedWhileReadError(UserError):
    """Files were changed while they were checked or copied."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(f"changed while they were read: {', '.join(sorted(names))}; run the same command again")
        self.names = names


@flow(name="ingest", flow_run_name="ingest-{problem}", on_running=[tag_with_process])
def ingest(problem: str, folder: str | None = None, root: str = ".", wait: bool = True) -> Ingested:
    """Check the files of an inbox, version the good ones, and write the reason beside each one that is rejected.

    Args:
        problem: The problem's name in params.yaml.
        folder: The inbox, by default `data/inbox/PROBLEM`. Files of any other folder are copied and stay there.
        root: The repository root.
        wait: If true, wait while another command works on the problem in this checkout; otherwise refuse.

    Raises:
        UserError: The folder is missing, params.yaml is wrong, git is not on a branch, or DVC cannot push.
    """
    layout = Layout(Path(root).resolve(), problem)
    inbox = Path(folder).resolve() if folder else layout.inbox
    params = load_params(layout.root / "params.yaml")
    problem_in(params, problem)
    check_folder(layout, inbox)
    with problem_lock(layout.root, problem, "ingest", wait=wait, say=current_reporter().say):
        return ingest_locked(layout, params[problem], inbox)


def ingest_locked(layout: Layout, params: ProblemParams, inbox: Path) -> Ingested:
    """Do the work of `ingest`; the caller holds the problem's lock.

    Raises:
        UserError: Git is not on a branch, or DVC cannot push.
    """
    require_branch(layout.root)
    ours = inbox.is_relative_to(layout.inbox)
    if ours:
        put_back_taken(inbox)
    batches = versioned_batches(layout)
    _withdraw_half_made(layout, inbox, batches)
    push_batches(layout, batches)
    say = current_reporter().say
    versioned = _versioned_before(inbox, batches)
    names = _names(inbox)
    unfinished = still_written(inbox, names, say)
    while True:
        unfinished |= set(_names(inbox)) - set(names)  # they came meanwhile
        before = stamps(inbox, names)
        checked = _check(layout, inbox, params, unfinished, versioned)
        checked.rejected = {name: _with_batches(reason, layout, batches) for name, reason in checked.rejected.items()}
        try:
            batch = version_batch(layout, inbox, checked.accepted, before) if checked.accepted else ""
        except ChangedWhileReadError as error:
            unfinished |= error.names
            continue
        break
    leave_reasons(inbox, checked.rejected | checked.unknown | _reasons_to_wait(checked))
    done = {n: b for n, b in versioned.items() if n not in {*checked.accepted, *checked.waiting, *unfinished}}
    taken = done | dict.fromkeys(checked.accepted, batch)
    unremoved = _clear_batches(layout, inbox, taken) if ours else dict.fromkeys(done, "in a folder elsewhere")
    return Ingested(
        batch=batch,
        accepted=checked.accepted,
        rejected=checked.rejected,
        unknown=checked.unknown,
        waiting=checked.waiting,
        unfinished=sorted(unfinished),
        versioned=done,
        unremoved=unremoved,
    )


def _names(inbox: Path) -> list[str]:
    names = [path.relative_to(inbox).as_posix() for path in files_below(inbox)]
    return [name for name in names if not name.endswith(REASON_SUFFIX)]


def _withdraw_half_made(layout: Layout, inbox: Path, batches: list[Batch]) -> None:
    """Take batches of killed ingests out of data/raw, and remove copies that are not complete."""
    for aside in layout.raw.glob(".[0-9]*-*.aside"):
        shutil.rmtree(aside)
    for link in layout.raw.glob(".[0-9]*-*.link"):
        link.unlink()
    names = half_made(layout, batches)
    if not names:
        return
    await_dvc(layout.root)  # a killed ingest may have left `dvc add` running
    safe = {content_hash(inbox / name) for name in _names(inbox)}
    safe |= {digest for batch in batches for digest in batch.files.values()}
    for name in names:
        kept = withdraw(layout, name, safe)
        line = f"the batch {name} of an interrupted ingest was not versioned; it is withdrawn"
        where = "" if kept is None else f", and its files that are nowhere else are in {kept.relative_to(layout.root)}"
        current_reporter().say(line + where)


def _versioned_before(inbox: Path, batches: list[Batch]) -> dict[str, str]:
    """Return the files of the inbox that the newest batch with a file of this path holds, with the batch's name."""
    newest = {path: (digest, batch.name) for batch in batches for path, digest in batch.files.items()}
    versioned = {}
    for name in _names(inbox):
        if name in newest and content_hash(inbox / name) == newest[name][0]:
            versioned[name] = newest[name][1]
    return versioned


def _check(
    layout: Layout, inbox: Path, params: ProblemParams, unfinished: set[str], versioned: dict[str, str]
) -> Checked:
    reporter = current_reporter()
    reporter.start("check inbox")
    with listening(lambda event: reporter.event("check inbox", event)):
        checked = check_inbox(inbox, params.collect, params.problem, layout, unfinished, versioned)
    left = len(checked.rejected) + len(checked.unknown) + len(checked.waiting) + len(unfinished)
    reporter.finish("check inbox", f"{len(checked.accepted)} files accepted, {left} left")
    return checked


def _with_batches(reason: str, layout: Layout, batches: list[Batch]) -> str:
    """Add to the reason of a label file which batches have the media that it misses in the inbox.

    They are not taken from there: another video may have had the same name, and that of these labels may still come.
    """
    missing = dict.fromkeys(_MISSING.findall(reason))
    held = [layout.raw / b.name / name for name in missing for b in reversed(batches) if name in b.files]
    if not held:
        return reason
    more = f" and {len(held) - 1} more" if len(held) > 1 else ""
    return (
        f"{reason}\nbatches have files of these names: {held[0].relative_to(layout.root)}{more}; if the labels correct "
        f"those of such a file, put a copy of it into the inbox too"
    )


def _reasons_to_wait(checked: Checked) -> dict[str, str]:
    return {name: f"it waits for {', '.join(causes[:3])}" for name, causes in checked.waiting.items()}


@task(name="version batch", cache_policy=NO_CACHE)
def version_batch(layout: Layout, inbox: Path, names: list[str], before: dict[str, Stamp]) -> str:
    """Copy the files to a batch folder, add it to DVC, commit it, push it, and tag it in git.

    Args:
        layout: The problem's paths.
        inbox: The folder of the files.
        names: The files, relative to the inbox.
        before: Stamps of the files before they were checked.

    Returns:
        The batch's name. A repeated call with the same files gives the same batch and completes an interrupted call.

    Raises:
        ChangedWhileReadError: Files are not as they were before the check.
        UserError: Git or DVC failed, or DVC does not hold the bytes that were copied.
    """
    if gone := {name for name in names if not (inbox / name).is_file()}:
        raise ChangedWhileReadError(gone)
    digests = {name: content_hash(inbox / name) for name in names}
    batches = versioned_batches(layout)
    batch = folder_for(layout, batch_digest(digests), batches)
    if batch.name not in {other.name for other in batches} or not batch.is_dir():
        with _folder_aside(batch) as aside:
            _copy(inbox, aside, digests, before)
        _version(layout, batch, digests)
        share_media(layout, batch, digests, batches)
    push_batches(layout, versioned_batches(layout))
    return batch.name


@contextmanager
def _folder_aside(batch: Path) -> Iterator[Path]:
    """Give a hidden folder of a name that nobody else has, which becomes the batch's folder when the block succeeds."""
    aside = Path(tempfile.mkdtemp(prefix=f".{batch.name}.", suffix=".aside", dir=batch.parent))
    try:
        aside.chmod(0o755)
        yield aside
        aside.rename(batch)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _copy(inbox: Path, aside: Path, digests: dict[str, str], before: dict[str, Stamp]) -> None:
    """Copy the files, and compare the copies and the sources with what was hashed and checked."""
    changed = set[str]()
    for name, digest in digests.items():
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(inbox / name, aside / name)
        if content_hash(aside / name) != digest:
            changed.add(name)
    after = stamps(inbox, digests)
    changed |= {name for name in digests if after.get(name) != before.get(name)}
    if changed:
        raise ChangedWhileReadError(changed)


def _version(layout: Layout, batch: Path, digests: dict[str, str]) -> None:
    """Add a batch to DVC, check that DVC holds the bytes, and commit the pointer."""
    pointer = batch.with_name(f"{batch.name}.dvc")
    dvc(layout.root, "add", str(batch.relative_to(layout.root)))
    held = versioned_files(layout, batch.name)
    if lacking := [name for name in digests if held.get(name) != digests[name]]:
        raise UserError(
            f"{pointer}: DVC does not hold {len(lacking)} of {len(digests)} files as they were copied, such as "
            f"{lacking[0]}; nothing was removed from the inbox; see whether .dvcignore names them, and run the same "
            f"command again"
        )
    paths = [path for path in (pointer, layout.raw / ".gitignore") if path.exists()]
    title = f"Ingest {layout.problem} batch {batch.name}"
    if commit_paths(layout.root, paths, f"{title}\n\n{len(digests)} files:\n" + "\n".join(digests)):
        commit = git(layout.root, "rev-parse", "--short", "HEAD")
        current_reporter().say(f"{title}: {len(digests)} files, commit {commit}")


def push_batches(layout: Layout, batches: list[Batch]) -> None:
    """Push the batches that the DVC remote does not have yet, and tag them; a clone pushes only what it has pulled."""
    for batch in batches:
        folder = layout.raw / batch.name
        if batch.pushed or not folder.is_dir():
            continue
        pointer = str(folder.relative_to(layout.root)) + ".dvc"
        dvc(layout.root, "push", pointer)
        commit = git(layout.root, "log", "-1", "--format=%H", "--", pointer)
        tag(layout.root, batch_tag(layout, batch.name), f"Ingest {layout.problem} batch {batch.name}", commit)


def _clear_batches(layout: Layout, inbox: Path, taken: dict[str, str]) -> dict[str, str]:
    """Remove the files from the inbox that batches hold; return why a file stays, by its name."""
    stay = dict[str, str]()
    for batch in sorted(set(taken.values())):
        names = [name for name in taken if taken[name] == batch]
        stay |= clear(inbox, names, versioned_files(layout, batch), layout.raw / batch)
    return stay
