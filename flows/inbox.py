"""What an ingest does in an inbox: it lists the files, leaves reasons, and removes what is versioned."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from flows.batches import content_hash
from flows.quiet_files import open_for_writing
from flows.reporting import current_reporter
from heelstrike.errors import UserError
from heelstrike.media import files_below
from heelstrike.text import storable
from pipeline.layout import REASON_SUFFIX, Layout

REASON_TITLE = "Heelstrike has left this file in the inbox:"
"""First line of a reason file, by which it is recognised as ours."""

_TAKEN = ".heelstrike-taken"  # end of the name that a file has between its last check and its removal


def check_folder(layout: Layout, inbox: Path) -> None:
    """Check that a folder can be ingested, and that a batch of it can be versioned.

    Raises:
        UserError: The folder is not there, lies in data/raw or holds it, or is the inbox of another problem, or
            data/raw/PROBLEM is behind a link, which DVC refuses.
    """
    if not inbox.is_dir():
        raise UserError(f"{inbox}: there is no such folder; put videos and their labels there, or name another folder")
    raw, inboxes = layout.root / "data" / "raw", layout.inbox.parent
    if inbox.is_relative_to(raw) or raw.is_relative_to(inbox):
        verb = "holds" if inbox.is_relative_to(raw) else "is in"
        raise UserError(
            f"{inbox}: data/raw, which holds what was ingested, {verb} this folder; put new videos and labels into "
            f"{layout.inbox}, or into a folder outside data"
        )
    if inbox.is_relative_to(inboxes) and not inbox.is_relative_to(layout.inbox):
        raise UserError(f"{inbox}: not in the inbox of {layout.problem}, which is {layout.inbox}; name that one")
    linked = [folder for folder in (layout.root / "data", raw, layout.raw) if folder.is_symlink()]
    if linked:
        raise UserError(
            f"{linked[0]}: a link, and DVC versions nothing behind a link; make it a folder, at which another disk may "
            f"be mounted"
        )


def leave_reasons(inbox: Path, reasons: Mapping[str, str]) -> None:
    """Write NAME.reason.txt beside each file that is left, and remove our reasons that no longer hold.

    Only a file that begins with `REASON_TITLE` is ours: no other one is overwritten or removed. Nothing is written or
    removed behind a linked folder.
    """
    for old in (path for path in files_below(inbox) if path.name.endswith(REASON_SUFFIX)):
        holds = old.relative_to(inbox).as_posix().removesuffix(REASON_SUFFIX) in reasons
        if not holds and _is_inside(inbox, old) and _is_ours(old):
            old.unlink(missing_ok=True)
    for name, reason in reasons.items():
        file = inbox / f"{name}{REASON_SUFFIX}"
        try:
            if _is_inside(inbox, file) and (not file.exists() or _is_ours(file)):
                file.write_text(f"{REASON_TITLE}\n{storable(reason)}\n")
        except OSError as error:
            current_reporter().say(f"{name}: {reason} (the reason could not be written beside it: {error.strerror})")


def _is_inside(inbox: Path, file: Path) -> bool:
    """Return False for a file behind a linked folder that lies elsewhere."""
    return file.parent.resolve().is_relative_to(inbox.resolve())


def _is_ours(file: Path) -> bool:
    try:
        with file.open(errors="replace") as stream:
            return stream.readline().rstrip("\n") == REASON_TITLE
    except OSError:
        return False


def clear(inbox: Path, names: Iterable[str], versioned: Mapping[str, str], batch: Path) -> dict[str, str]:
    """Remove the files whose bytes a batch holds, and the folders that become empty.

    Each file is first renamed and then compared, so that a file that is put there under the same name meanwhile is not
    removed. Files outside the inbox, behind a linked folder, are not ours to remove and stay, and so does a file that
    was changed since it was taken, or that the batch's folder lacks.

    Args:
        inbox: The inbox.
        names: Files to remove, relative to the inbox.
        versioned: MD5 of each file of the batch by path (see `Batch.files`).
        batch: The batch's folder.

    Returns:
        Why a file stays, by the file's name.
    """
    stay = dict[str, str]()
    inside = list[str]()
    for name in names:
        if _is_inside(inbox, inbox / name):
            inside.append(name)
        else:
            stay[name] = "behind a linked folder"
    stay |= dict.fromkeys(open_for_writing(inbox, inside), "a process has it open for writing")
    for name in inside:
        file, copy = inbox / name, batch / name
        if name in stay or not file.is_file():
            continue
        taken = file.with_name(f".{file.name}{_TAKEN}")
        try:
            file.rename(taken)
        except OSError as error:
            stay[name] = f"it cannot be removed ({error.strerror})"
            continue
        if content_hash(taken) != versioned.get(name):
            stay[name] = "changed since it was taken; the next ingest takes it again"
        elif not copy.is_file() or not _same_size(taken, copy):
            stay[name] = f"{copy} is not as it was versioned; `dvc checkout {batch}.dvc` restores it"
        else:
            taken.unlink()
            continue
        _put_back(taken, file)
    _remove_emptied(inbox, inside)
    return stay


def _same_size(first: Path, second: Path) -> bool:
    return first.stat().st_size == second.stat().st_size


def _put_back(taken: Path, file: Path) -> None:
    """Give a file its name back; if there is another file of this name by now, it gets a similar name."""
    target, number = file, 1
    while not _renamed(taken, target):
        number += 1
        target = file.with_name(f"{file.stem}-{number}{file.suffix}")


def _renamed(taken: Path, target: Path) -> bool:
    """Rename a file; return False if there is another file of that name, which is not overwritten."""
    try:
        os.link(taken, target, follow_symlinks=False)
    except FileExistsError:
        if content_hash(taken) != content_hash(target):
            return False
    except OSError:  # the file system has no hard links
        if target.exists():
            return False
        taken.rename(target)
        return True
    taken.unlink()
    return True


def put_back_taken(inbox: Path) -> None:
    """Give files their names back that a killed ingest was about to remove."""
    for taken in sorted(inbox.rglob(f".*{_TAKEN}")):
        _put_back(taken, taken.with_name(taken.name.removeprefix(".").removesuffix(_TAKEN)))


def _remove_emptied(inbox: Path, names: list[str]) -> None:
    folders = {folder for name in names for folder in (inbox / name).parents if folder.is_relative_to(inbox)} - {inbox}
    for folder in sorted(folders, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
