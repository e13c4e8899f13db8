"""Reading all records or disagreements of a folder."""

from pathlib import Path
from typing import Generic, NamedTuple

from heelstrike.errors import UserError
from heelstrike.monitor.wire import Disagreement, InputRecord, Small, read_small


class Read(NamedTuple, Generic[Small]):
    """What a folder holds.

    Attributes:
        items: The files of the format, oldest first; of several with one id and one model the newest.
        damaged: A sentence for each file that cannot be read.
    """

    items: list[Small]
    damaged: list[str]


def read_records(folder: Path) -> Read[InputRecord]:
    """Read every `*.record.json` in a folder, without its subfolders.

    Raises:
        UserError: There is no such folder.
    """
    return _read(folder, "*.record.json", InputRecord)


def folders_of_records(folder: Path) -> list[Path]:
    """Return the folders at and below a folder that hold records, for instance one of each clinic.

    Raises:
        UserError: There is no such folder, or no record in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; give the records of `heelstrike predict --record FOLDER`")
    found = sorted({path.parent for path in folder.rglob("*.record.json")})
    if not found:
        raise UserError(f"{folder}: no *.record.json in it; `heelstrike predict --record FOLDER` writes them")
    return found


def read_disagreements(folder: Path) -> Read[Disagreement]:
    """Read every `*.disagreement.json` in a folder, without its subfolders.

    `heelstrike.monitor.identity.files_by_id` finds the images and videos again.

    Raises:
        UserError: There is no such folder.
    """
    return _read(folder, "*.disagreement.json", Disagreement)


def _read(folder: Path, pattern: str, model: type[Small]) -> Read[Small]:
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    newest, damaged = dict[tuple[str, str], Small](), list[str]()
    for path in sorted(folder.glob(pattern)):
        try:
            item = read_small(path, model)
        except UserError as error:
            damaged.append(str(error))
            continue
        digest = item.model.digest if isinstance(item, InputRecord) else item.challenger.digest
        before = newest.get((item.id, digest))
        if before is None or (before.time or "") <= (item.time or ""):
            newest[item.id, digest] = item
    return Read(sorted(newest.values(), key=lambda item: (item.time or "", item.id)), damaged)
