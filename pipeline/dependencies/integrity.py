"""Check that a stage's inputs are what an earlier stage wrote.

DVC does not verify the read-only objects of its cache: a file that was damaged on the disk is checked out, read and
recorded under the hash of the undamaged one. So the files are hashed again here, as DVC hashes them (a file by its MD5;
a folder by the MD5 of the JSON list of its files and their MD5), and compared with dvc.lock.
"""

import configparser
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.dependencies.inputs import StageInputs
from pipeline.dependencies.standing import files_below
from pipeline.dvc_lock import locked_stages

_FOLDER = ".dir"
_MAX_LISTED = 5
# environment variable that DVC sets for the commands that it runs
_RUN_BY_DVC = "DVC_STAGE"


def verify(root: Path, inputs: StageInputs) -> None:
    """Hash every input that is a stage's output, and compare it with dvc.lock.

    An input without an entry in dvc.lock is not checked. A stage that is run by hand accepts an input that was changed
    by hand, but not one that is damaged in DVC's cache.

    Raises:
        UserError: An input differs. The message names the files, and says how to get the right ones.
    """
    findings = list[str]()
    for address, entry in locked_stages(root).items():
        for out in entry.get("outs", []):
            path = out["path"]
            read = any(f"{dep}/".startswith(f"{path}/") for dep in inputs.deps)
            if read and out.get("hash") == "md5" and (root / path).exists():
                findings += _check(root, address, path, out["md5"])
    if findings:
        raise UserError("\n".join(findings))


def _check(root: Path, address: str, path: str, recorded: str) -> list[str]:
    """Return what is wrong with one output, as one line, or an empty list if its hash is the recorded one."""
    hashes = {file.relative_to(root).as_posix(): _md5(file) for file in files_below(root / path)}
    if _hash_of(hashes, path, recorded) == recorded:
        return []
    expected = recorded_files(root, path, recorded)
    wrong = sorted(n for n in hashes.keys() | expected.keys() if hashes.get(n) != expected.get(n)) if expected else []
    objects = [_object(root, expected[name]) for name in wrong if name in expected]
    damaged = [file for file in objects if file.is_file() and _md5(file) != _md5_named(file)]
    if not damaged and _RUN_BY_DVC not in os.environ:
        return []
    more = f" and {len(wrong) - _MAX_LISTED} more" if len(wrong) > _MAX_LISTED else ""
    cached = bool(objects) and all(file.is_file() for file in objects) and not damaged
    remove = " ".join([path, *(os.path.relpath(file, root) for file in damaged)])
    restore = f"dvc checkout {path}" if cached else f"dvc pull {path}` or, if no remote has it, `dvc repro {address}"
    return [
        f"{', '.join(wrong[:_MAX_LISTED]) or path}{more}: not the bytes that {address} wrote, by the hash in dvc.lock"
        f"{'; the copy in the cache of DVC is damaged' if damaged else ''}; `rm -rf {remove}`, then `{restore}`"
    ]


def _hash_of(hashes: dict[str, str], path: str, recorded: str) -> str:
    """Return DVC's hash of an output, from the hashes of its files by their paths relative to the root."""
    if not recorded.endswith(_FOLDER):
        return hashes.get(path, "")
    names = sorted((name.removeprefix(f"{path}/"), md5) for name, md5 in hashes.items())
    listing = json.dumps([{"md5": md5, "relpath": name} for name, md5 in names])
    return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + _FOLDER


def recorded_files(root: Path, path: str, recorded: str) -> dict[str, str]:
    """Return the MD5 of each file of an output by path, from the list in DVC's cache; empty if the cache lacks it."""
    if not recorded.endswith(_FOLDER):
        return {path: recorded}
    try:
        listing: list[dict[str, Any]] = json.loads(_object(root, recorded).read_text())
        return {f"{path}/{item['relpath']}": item["md5"] for item in listing}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _object(root: Path, md5: str) -> Path:
    """Return the path of the object with this hash in DVC's cache."""
    return _cache(root) / "files" / "md5" / md5[:2] / md5[2:]


def _md5_named(file: Path) -> str:
    return file.parent.name + file.name


def _cache(root: Path) -> Path:
    """Return DVC's cache folder: `cache.dir` of the repository's configuration, or the default."""
    config = configparser.RawConfigParser()
    config.read([root / ".dvc" / "config", root / ".dvc" / "config.local"])
    return root / ".dvc" / config.get("cache", "dir", fallback="cache")


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
