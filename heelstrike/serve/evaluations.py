"""Evaluations on disk. One process keeps them, and holds a lock on the data folder for it.

    evaluations/ID/evaluation.json   the record
    evaluations/ID/uploads/          unfinished uploads
    evaluations/ID/files/NAME        uploaded images and videos
    evaluations/ID/views/            copies of them for browsers
    evaluations/ID/labels/           what people said where the points are, see heelstrike/serve/label
    evaluations/ID/jobs/JOB.json     the jobs
    evaluations/ID/results/JOB/      what a job wrote: the files of `heelstrike predict`

The record of an evaluation is the truth: a file that it does not list is not there.
"""

import glob
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError, one_line
from heelstrike.files import write_json
from heelstrike.serve.accounts import User
from heelstrike.serve.problems import missing
from heelstrike.serve.records import Evaluation, StoredFile
from heelstrike.serve.viewing import view_path

try:
    import fcntl
except ImportError:  # Windows has no such locks, so two servers on one folder are not noticed
    fcntl = None  # type: ignore[assignment]

RECORD = "evaluation.json"
_DELETED = ".deleted-"


class EvaluationStore:
    """All evaluations of a data folder.

    Args:
        data: The data folder; created if it is missing.

    Raises:
        UserError: Another server uses the folder, it cannot be written to, or a record in it is damaged.
    """

    def __init__(self, data: Path) -> None:
        self._root, self._lock = data / "evaluations", threading.RLock()
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._claim = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UserError(f"{data}: {error.strerror}; give another folder with --data FOLDER") from None
        _claim(data, self._claim)
        for rest in self._root.glob(f"{_DELETED}*"):
            shutil.rmtree(rest, ignore_errors=True)
        self._evaluations = {record.id: record for _, record in stored_evaluations(data)}

    def close(self) -> None:
        """Give the data folder back to other servers."""
        os.close(self._claim)

    def all(self) -> list[Evaluation]:
        """Return all evaluations, the latest first."""
        with self._lock:
            return sorted(self._evaluations.values(), key=lambda record: record.created, reverse=True)

    def get(self, evaluation: str) -> Evaluation:
        """Return an evaluation.

        Raises:
            RequestError: There is no such evaluation.
        """
        record = self._evaluations.get(evaluation)
        if record is None:
            raise missing("evaluation")
        return record

    def create(self, name: str, owner: User, mm_per_px: float | None, about: Mapping[str, str]) -> Evaluation:
        """Make an empty evaluation."""
        record = Evaluation(
            id=secrets.token_hex(10),
            name=name,
            owner=owner.name,
            owner_id=owner.id or None,
            created=utc_now(),
            mm_per_px=mm_per_px,
            about=dict(about),
        )
        with self._lock:
            self._write(record)
        return record

    def change(self, evaluation: str, **fields: Any) -> Evaluation:
        """Change fields of an evaluation and return it as it is then."""
        return self.revise(evaluation, lambda record: fields)

    def revise(self, evaluation: str, changes: Callable[[Evaluation], Mapping[str, Any]]) -> Evaluation:
        """Change the fields of an evaluation that a function of it returns, and return it as it is then."""
        with self._lock:
            record = self.get(evaluation)
            if fields := changes(record):
                record = record.model_copy(update=fields)
                self._write(record)
        return record

    def add(self, evaluation: str, file: StoredFile) -> Evaluation:
        """List a file that lies in the evaluation's folder `files`."""
        with self._lock:
            return self.change(evaluation, files=self.get(evaluation).files | {file.name: file})

    def remove(self, evaluation: str, name: str) -> Evaluation:
        """Delete a file of an evaluation. After a kill in between, it is still listed and can be deleted again."""
        with self._lock:
            stored, path = self.file(evaluation, name)
            view = self.view(evaluation, name)
            labels = self.folder(evaluation).glob(f"labels/*/{glob.escape(name)}.json")
            for content in (view, *labels, path):
                content.unlink(missing_ok=True)
            files = {other: file for other, file in self.get(evaluation).files.items() if other != stored.name}
            return self.change(evaluation, files=files)

    def delete(self, evaluation: str) -> None:
        """Delete an evaluation with all its files. After a kill in between, the next start deletes the rest."""
        with self._lock:
            self.get(evaluation)
            aside = self._root / f"{_DELETED}{evaluation}"
            self.folder(evaluation).replace(aside)
            del self._evaluations[evaluation]
        shutil.rmtree(aside)

    def folder(self, evaluation: str) -> Path:
        """Return the folder of an evaluation that exists."""
        return self._root / self.get(evaluation).id

    @contextmanager
    def held(self, evaluation: str) -> Iterator[Path]:
        """Give the folder of an evaluation. Nobody deletes it, or holds another one, before the block ends.

        Raises:
            RequestError: There is no such evaluation.
        """
        with self._lock:
            yield self.folder(evaluation)

    def free_bytes(self) -> int:
        """Return the free space of the data folder's disk."""
        return shutil.disk_usage(self._root).free

    def file(self, evaluation: str, name: str) -> tuple[StoredFile, Path]:
        """Return the record and the path of a file.

        Raises:
            RequestError: There is no such file.
        """
        stored = self.get(evaluation).files.get(name)
        if stored is None:
            raise missing("file")
        return stored, self.folder(evaluation) / "files" / stored.name

    def view(self, evaluation: str, name: str) -> Path:
        """Return the path of the copy of a file for browsers, which the first job writes."""
        _, path = self.file(evaluation, name)
        return view_path(path, self.folder(evaluation) / "views" / name)

    def _write(self, record: Evaluation) -> None:
        write_json(self._root / record.id / RECORD, record.model_dump(mode="json"))
        self._evaluations[record.id] = record


def stored_evaluations(data: Path) -> list[tuple[Path, Evaluation]]:
    """Return the folders and records of all evaluations of a data folder, also of one that a service uses.

    Raises:
        UserError: A record is damaged.
    """
    paths = sorted((data / "evaluations").glob(f"[!.]*/{RECORD}"))
    return [(path.parent, _read(path)) for path in paths]


def _claim(data: Path, lock: int) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise UserError(f"{data}: another server uses this folder; stop it, or give another one with --data") from None


def _read(path: Path) -> Evaluation:
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(
            f"{path}: damaged ({one_line(error)}); restore it from a copy, or move its folder away"
        ) from None
