"""Handing labels over: a label file and its media, where `heelstrike ingest` finds them.

Each evaluation has a folder of its own, `INBOX/PROBLEM/labels-EVALUATION`, which appears whole. As long as nobody has
ingested it, the next hand-over replaces its label file; afterwards it appears again. So no frame is there twice, and
an ingest at any moment takes labels with their media, or leaves both for the next one.
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, write_aside, write_json
from heelstrike.serve.label.records import LabelFile
from heelstrike.serve.label.sheet import NAME, label_count, sheet_of
from heelstrike.serve.label.store import FOLDER
from heelstrike.serve.records import Evaluation, Record
from heelstrike.text import printable


class HandedOver(Record):
    """A hand-over."""

    problem: str
    subject: Annotated[str, Field(description="code of the person who is shown")]
    who: str
    when: Annotated[str, Field(description="UTC")]
    labels: Annotated[int, Field(description="number of labelled frames")]
    folder: Annotated[str, Field(description="where they were put")]
    files: Annotated[tuple[str, ...], Field(description="videos and images that were put there")] = ()


def hand_over(
    folder: Path, evaluation: Evaluation, files: list[LabelFile], inbox: Path, subject: str, who: str
) -> HandedOver:
    """Put the labels of one problem with their media into an inbox.

    Args:
        folder: Folder of the evaluation.
        evaluation: The evaluation.
        files: Labels of its files, all of one problem.
        inbox: `data/inbox` of a checkout, or any folder that holds inboxes of problems.
        subject: Code of the person who is shown. It decides on the split, so it is the same in every evaluation of one
            person.
        who: Who hands over.

    Raises:
        UserError: Nothing is labelled, the code is empty, the inbox is not there, or it cannot be written to.
    """
    subject = printable(subject.strip())
    if not subject:
        raise UserError("the code of the person is empty; it decides on the split, so give one to each person")
    count = label_count(files)
    if not count:
        raise UserError(f"{evaluation.name}: nothing is labelled yet")
    if not inbox.is_dir():
        raise UserError(f"{inbox}: no such folder; name `data/inbox` of a checkout, or make the folder")
    problem = files[0].target.problem
    target = inbox / problem / f"labels-{evaluation.id}"
    media = {labels.target.file: folder / "files" / labels.target.file for labels in files if label_count([labels])}
    try:
        _put(target, sheet_of(files, subject, evaluation.about, evaluation.mm_per_px), media)
        if last := last_hand_over(folder, problem):
            for name in set(last.files) - set(media):  # of a file that was deleted; nothing names it any more
                (target / name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{target}: {error.strerror}; nothing was handed over") from None
    done = HandedOver(
        problem=problem,
        subject=subject,
        who=who,
        when=utc_now(),
        labels=count,
        folder=str(target.resolve()),
        files=tuple(media),
    )
    write_json(_record(folder, problem), done.model_dump(mode="json"))
    return done


def last_hand_over(folder: Path, problem: str) -> HandedOver | None:
    """Return the last hand-over of an evaluation's labels of a problem; `None` if there was none."""
    try:
        return HandedOver.model_validate_json(_record(folder, problem).read_bytes())
    except (FileNotFoundError, ValidationError):  # it only says what was done
        return None


def _record(folder: Path, problem: str) -> Path:
    return folder / FOLDER / f"{problem}.handed-over.json"


def _put(target: Path, sheet: str, media: dict[str, Path]) -> None:
    # media of another content under a name would get the labels of this one
    if not target.exists() or any(_is_other(target / name, source) for name, source in media.items()):
        with folder_aside(target) as aside:
            _fill(aside, sheet, media)
    else:
        _fill(target, sheet, media)
        _add_missing(target, media)  # an ingest may have taken them after they were seen here


def _fill(folder: Path, sheet: str, media: dict[str, Path]) -> None:
    _add_missing(folder, media)
    with write_aside(folder / NAME) as aside:
        aside.write_text(sheet, encoding="utf-8")


def _add_missing(folder: Path, media: dict[str, Path]) -> None:
    for name, source in media.items():
        if not (folder / name).exists():
            _link(source, folder / name)


def _is_other(there: Path, source: Path) -> bool:
    """Return True if another content is there. Nothing is there if an ingest takes it at this moment."""
    try:
        return not there.samefile(source) and file_digest(there) != file_digest(source)
    except FileNotFoundError:
        return False


def _link(source: Path, target: Path) -> None:
    """Make a second name for a file, or a copy if it lies on another disk."""
    linked = target.with_name(f".heelstrike-{secrets.token_hex(8)}.link")
    try:
        os.link(source, linked)
        linked.replace(target)
    except OSError:
        with write_aside(target) as aside:
            shutil.copyfile(source, aside)
    finally:
        linked.unlink(missing_ok=True)
