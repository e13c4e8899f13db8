"""Files written aside and renamed, and hashes."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


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
