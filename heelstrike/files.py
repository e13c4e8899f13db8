"""Writing files atomically, and hashes.

A file is first written under a temporary name in its folder, `.heelstrike-HEX.aside`, which is as short for the longest
name. While its writer lives, it holds a lock on the temporary file, so that another process can tell an unfinished file
from one whose writer was killed.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has no such locks, so temporary files of killed processes stay there
    fcntl = None  # type: ignore[assignment]

_ASIDE = re.compile(r"\.heelstrike-[0-9a-f]{16}\.aside")


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Give a temporary file, which is renamed to `path` when the block ends and removed if the block fails.

    The block writes to the file that is there, and does not put another in its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".heelstrike-{secrets.token_hex(8)}.aside")
    with _locked(aside):
        try:
            yield aside
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def _locked(aside: Path) -> Iterator[None]:
    """Create an empty file and hold a lock on it."""
    if fcntl is None:
        yield
        return
    file = _create_locked(aside)
    try:
        yield
    finally:
        os.close(file)


def _create_locked(aside: Path) -> int:
    while True:
        file = os.open(aside, os.O_WRONLY | os.O_CREAT, 0o666)
        with suppress(OSError):  # some network file systems have no locks; then nobody clears either
            fcntl.flock(file, fcntl.LOCK_EX)
        if aside.exists():
            return file
        os.close(file)  # `clear_asides` of another process removed the file before it was locked


def clear_asides(folder: Path) -> None:
    """Remove the temporary files of killed processes from a folder. A file whose writer lives stays."""
    if fcntl is None or not folder.is_dir():
        return
    for aside in [path for path in folder.iterdir() if _ASIDE.fullmatch(path.name)]:
        try:
            file = os.open(aside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # finished meanwhile, or not a file of ours
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            aside.unlink(missing_ok=True)
        except OSError:  # its writer lives
            continue
        finally:
            os.close(file)


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder. It replaces `path` when the block ends, and is removed if the block fails.

    A killed process leaves the old folder or no folder at `path`, never a mixture. The next call removes temporary
    folders of a killed process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, old = path.with_name(f".{path.name}.aside"), path.with_name(f".{path.name}.old")
    for folder in (aside, old):
        shutil.rmtree(folder, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        if path.exists():
            path.replace(old)
        aside.replace(path)
    finally:
        for folder in (aside, old):
            shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, with sorted keys, two spaces of indentation and a final newline. NaN is an error."""
    with write_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def json_digest(value: Any) -> str:
    """Return the SHA-256 of a value as JSON with sorted keys, in hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
