"""The cache of pulled packages, and of the versions that references pointed to.

`packages/DIGEST/` holds a package, which never changes. `references/KEY.json` holds the version that a reference
pointed to, or the reference used by default, when the registry last answered. `packages/.DIGEST.HEX/` is an unfinished
download.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import json_digest, write_json
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.registry.versions import Version
from heelstrike.stores import cache_folder

try:
    import fcntl
except ImportError:  # Windows has no such locks, so downloads of killed processes stay there
    fcntl = None  # type: ignore[assignment]

_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.[0-9a-f]{32}")  # name of the folder of a download
_NO_REFERENCE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a stored reference raises if the file is missing, damaged or holds something else."""


@dataclass(frozen=True)
class Remembered:
    """The version that a reference pointed to.

    Attributes:
        folder: Folder of the version's package, which is intact.
        version: Name, number and digest of the version.
        time: When the registry gave this version, in UTC.
    """

    folder: Path
    version: Version
    time: str


def cached(digest: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder of an intact package. If it is missing or damaged, `fill` downloads it into an empty folder."""
    folder = cache_folder() / "packages" / digest
    if is_intact(folder, digest):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear_unfinished(folder.parent)
    with _unfinished(folder.with_name(f".{digest[:12]}.{uuid4().hex}")) as aside:
        fill(aside)
        # another process may have been faster, and may be using its copy already
        with _alone(folder.parent):
            if not is_intact(folder, digest):
                _replace(folder, aside)
    return folder


@contextmanager
def _alone(packages: Path) -> Iterator[None]:
    """Let one after the other look whether a package is there and put it there, or one would remove another's."""
    if fcntl is None:
        yield
        return
    lock = os.open(packages.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """Make an empty folder, and remove what is left of it at the end; a lock on it shows that this process lives."""
    lock = _make_locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _make_locked(folder: Path) -> int | None:
    while True:
        folder.mkdir()
        if fcntl is None:
            return None
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # another process has cleared the folder already
            continue
        with suppress(OSError):  # some network file systems have no locks; then nobody clears either
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return lock
        os.close(lock)  # another process cleared the folder before it was locked


def _clear_unfinished(packages: Path) -> None:
    """Remove the downloads of killed processes; that of a living process stays."""
    if fcntl is None:
        return
    for folder in [path for path in packages.iterdir() if _UNFINISHED.fullmatch(path.name)]:
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:  # finished meanwhile
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its process lives
            continue
        finally:
            os.close(lock)


def _replace(damaged: Path, whole: Path) -> None:
    """Put a folder at the place of a damaged or missing one, which may be a file."""
    if damaged.is_file():
        damaged.unlink()
    shutil.rmtree(damaged, ignore_errors=True)
    whole.replace(damaged)


def is_intact(folder: Path, digest: str) -> bool:
    """Return True if a folder holds the package with this digest and all its hashes match."""
    try:
        manifest = read_manifest(folder)
        verify(folder, manifest)
    except UserError:
        return False
    return manifest.digest == digest


def remember(uri: str, reference: str, version: Version) -> None:
    """Store the version that a reference points to, for use when the registry does not answer."""
    write_json(
        _reference_file(uri, reference), {"reference": version.reference, "package": version.package, "time": utc_now()}
    )


def recall(uri: str, reference: str) -> Remembered | None:
    """Return the stored version of a reference; `None` if it was never pulled or its package is no longer intact."""
    try:
        last = json.loads(_reference_file(uri, reference).read_text())
        name, number = last["reference"].split("/")
        version = Version(name, int(number), last["package"])
        folder = cache_folder() / "packages" / version.package
        return Remembered(folder, version, last["time"]) if is_intact(folder, version.package) else None
    except _NO_REFERENCE:
        return None


def remember_default(uri: str, reference: str) -> None:
    """Store the reference of the registry's only champion, for use when the registry does not answer."""
    write_json(_reference_file(uri, ""), {"default": reference})


def recall_default(uri: str) -> str | None:
    """Return the stored reference of the registry's only champion; `None` if none was stored."""
    try:
        return str(json.loads(_reference_file(uri, "").read_text())["default"])
    except _NO_REFERENCE:
        return None


def _reference_file(uri: str, reference: str) -> Path:
    return cache_folder() / "references" / f"{json_digest([uri, reference])[:32]}.json"
