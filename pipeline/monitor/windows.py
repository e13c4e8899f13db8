"""Windows of records, each of which is judged once, and the memory of what was judged.

Every record is in one window at most, so a repeated call judges only what has come since, and the error rate per window
holds however often the command runs.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.monitor.folder import folders_of_records, read_records
from heelstrike.monitor.wire import InputRecord
from pipeline.monitor.compare import Comparer, Verdict


@dataclass(frozen=True)
class Window:
    """A judged window.

    Attributes:
        source: Folder of its records, below the folder of all.
        ids: Ids of its records.
        first: When its first record was made.
        last: When its last record was made.
        verdict: What it shows.
    """

    source: str
    ids: tuple[str, ...]
    first: str
    last: str
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the window as JSON."""
        return {
            "source": self.source,
            "first": self.first,
            "last": self.last,
            "ids": list(self.ids),
            "drifted": self.verdict.drifted,
            "p": self.verdict.p,
            "drifts": [drift.to_json() for drift in self.verdict.drifts],
        }


@dataclass(frozen=True)
class Judged:
    """Result of looking at a folder of records.

    Attributes:
        windows: Windows that are complete and were not judged before, oldest first within each source.
        waiting: Records that do not fill a window yet, by source.
        others: Number of records of other packages.
        damaged: A sentence for each file that cannot be read.
    """

    windows: tuple[Window, ...]
    waiting: dict[str, int]
    others: int
    damaged: tuple[str, ...]

    @property
    def drifted(self) -> tuple[Window, ...]:
        """The windows that drifted."""
        return tuple(window for window in self.windows if window.verdict.drifted)


@contextmanager
def remembered(path: Path) -> Iterator["Memory"]:
    """Give the memory of a file to one process or thread after the other, from judging to remembering.

    Two that judge at once would both tell of the same windows, and the later one would forget what the other added.

    Args:
        path: The file; it is made at the first `Memory.add`.

    Raises:
        UserError: The file is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        yield Memory(path)


class Memory:
    """The records of one package that were judged, as a file. `remembered` gives it.

    Args:
        path: The file.

    Raises:
        UserError: The file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content = json.loads(path.read_text())
            self._judged = {str(source): set(map(str, ids)) for source, ids in content.items()}
        except FileNotFoundError:
            self._judged = {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise UserError(f"{path}: cannot be read ({error}); remove it, and all windows are judged again") from None

    def judged(self, source: str) -> set[str]:
        """Return the ids of a source's records that were judged."""
        return self._judged.get(source, set())

    def add(self, windows: tuple[Window, ...]) -> None:
        """Remember windows, so that nobody is told of them again."""
        for window in windows:
            self._judged.setdefault(window.source, set()).update(window.ids)
        write_json(self._path, {source: sorted(ids) for source, ids in self._judged.items()})


def judge(folder: Path, package: str, size: int, comparer: Comparer, memory: Memory) -> Judged:
    """Judge every complete window of records that were not judged before.

    The records of each folder are a source of their own, for instance of one clinic, so that one does not hide another.

    Args:
        folder: Folder of all records.
        package: Digest of the package whose records count.
        size: Number of records of a window.
        comparer: Compares with the reference.
        memory: What was judged; it is not changed.

    Raises:
        UserError: There is no record.
    """
    windows, waiting, damaged, others = list[Window](), dict[str, int](), list[str](), 0
    for source in folders_of_records(folder):
        read = read_records(source)
        damaged += read.damaged
        mine = [record for record in read.items if record.model.digest == package]
        others += len(read.items) - len(mine)
        name = source.relative_to(folder).as_posix()
        before = memory.judged(name)
        new = [record for record in mine if record.id not in before]
        whole = len(new) // size * size
        parts = (new[start : start + size] for start in range(0, whole, size))
        windows += [_window(name, part, comparer) for part in parts]
        waiting[name] = len(new) - whole
    return Judged(tuple(windows), waiting, others, tuple(damaged))


def _window(source: str, records: list[InputRecord], comparer: Comparer) -> Window:
    ids = tuple(record.id for record in records)
    return Window(source, ids, records[0].time or "", records[-1].time or "", comparer.compare(records))
