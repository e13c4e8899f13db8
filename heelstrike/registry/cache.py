"""The cache of pulled packages, and of the versions that references pointed to.

`packages/DIGEST/` holds a package, which never changes. `references/KEY.json` holds the version that a reference
pointed to, or the reference used by default, when the registry last answered.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import json_digest, write_json
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.registry.versions import Version
from heelstrike.stores import cache_folder

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
    aside = folder.with_name(f".{digest[:12]}.{uuid4().hex}")
    aside.mkdir()
    try:
        fill(aside)
        # another process may have been faster, and may be using its copy already
        if not is_intact(folder, digest):
            _replace(folder, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


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
