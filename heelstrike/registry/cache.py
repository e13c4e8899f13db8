"""Packages that were pulled, and what references stood for then.

`packages/DIGEST/` holds packages, which never change; `references/KEY.json` what a reference, or no reference at all,
stood for when the registry last answered.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import json_digest, write_json
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.registry.versions import Version
from heelstrike.stores import cache_folder


@dataclass(frozen=True)
class Remembered:
    """What a reference stood for.

    Attributes:
        folder: Where its package lies; it is intact.
        version: Name, number and digest.
        time: When the registry said so.
    """

    folder: Path
    version: Version
    time: str


def cached(digest: str, fill: Callable[[Path], None]) -> Path:
    """The folder of an intact package; `fill` downloads it into an empty folder where it is missing or damaged."""
    folder = cache_folder() / "packages" / digest
    if is_intact(folder, digest):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{digest[:12]}.", dir=folder.parent))
    try:
        fill(aside)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged copy
        try:
            aside.replace(folder)
        except OSError:
            if not is_intact(folder, digest):  # else another process was faster with the same package
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def is_intact(folder: Path, digest: str) -> bool:
    """Whether a folder holds the package of this digest, every hash right."""
    try:
        manifest = read_manifest(folder)
        verify(folder, manifest)
    except UserError:
        return False
    return manifest.digest == digest


def remember(uri: str, reference: str, version: Version) -> None:
    """Keep what a reference stands for, for when the registry does not answer."""
    write_json(
        _reference_file(uri, reference), {"reference": version.reference, "package": version.package, "time": utc_now()}
    )


def recall(uri: str, reference: str) -> Remembered | None:
    """What a reference stood for; None where it was never pulled or its package is no longer intact."""
    try:
        last = json.loads(_reference_file(uri, reference).read_text())
        name, number = last["reference"].split("/")
        version = Version(name, int(number), last["package"])
        folder = cache_folder() / "packages" / version.package
        return Remembered(folder, version, last["time"]) if is_intact(folder, version.package) else None
    except (OSError, ValueError, KeyError):
        return None


def remember_default(uri: str, reference: str) -> None:
    """Keep which reference the registry's only champion has, for when the registry does not answer."""
    write_json(_reference_file(uri, ""), {"default": reference})


def recall_default(uri: str) -> str | None:
    """The reference of the registry's only champion when it last answered; None where it was never asked."""
    try:
        return str(json.loads(_reference_file(uri, "").read_text())["default"])
    except (OSError, ValueError, KeyError):
        return None


def _reference_file(uri: str, reference: str) -> Path:
    return cache_folder() / "references" / f"{json_digest([uri, reference])[:32]}.json"
