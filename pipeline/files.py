"""Files written aside and renamed, hashes, and where each stage's files lie."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOMS = {
    "collect": "data",
    "validate": "reports",
    "split": "data",
    "prepare": "data",
    "search": "models",
    "train": "models",
    "evaluate": "reports",
    "package": "models",
}
STAGES = tuple(_ROOMS)


@dataclass(frozen=True)
class Layout:
    """Where a problem's files lie below the repository root.

    Attributes:
        root: The repository root.
        problem: The problem's name in params.yaml.
    """

    root: Path
    problem: str

    @property
    def raw(self) -> Path:
        """Ingested videos, images and labels, versioned by DVC: a folder per ingested batch."""
        return self.root / "data" / "raw" / self.problem

    def video(self, name: str) -> Path:
        """The video that an annotation names: one of the raw files, or one that collect rendered itself."""
        raw = self.raw / name
        return raw if raw.is_file() else self.work("collect") / name

    def out(self, stage: str) -> Path:
        """The output folder of a stage, for instance data/rearfoot/split or models/rearfoot/train."""
        return self.root / _ROOMS[stage] / self.problem / stage

    def work(self, stage: str, key: str = "") -> Path:
        """A folder for unfinished or reusable work of a stage, kept across runs and known to neither git nor DVC.

        Args:
            stage: The stage's name.
            key: A digest of everything the work depends on; other inputs get another folder.
        """
        return self.root / ".work" / self.problem / stage / key


def file_of_start(root: Path, digest: str) -> Path:
    """Where weights lie that trainings start from, by SHA-256; fetched when missing, known to neither git nor DVC."""
    return root / "models" / "init" / f"{digest}.safetensors"


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Give a path to write a file to; rename it to `path` when the block ends, remove it when the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.aside")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it replaces `path` when the block ends and is removed when the block fails.

    A kill leaves the old folder, or none, never a mixture; what an earlier kill left aside is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, old = path.with_name(f".{path.name}.aside"), path.with_name(f".{path.name}.old")
    for left in (aside, old):
        shutil.rmtree(left, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        if path.exists():
            path.replace(old)
        aside.replace(path)
    finally:
        for left in (aside, old):
            shutil.rmtree(left, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON aside and rename it: sorted keys, two spaces, a newline at the end; NaN is an error."""
    with write_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON-able value (keys sorted), in hex: the key of work that depends on settings."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
