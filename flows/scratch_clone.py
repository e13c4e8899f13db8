"""A clone of the repository at one commit, with its raw data, in which stages can be run apart from the checkout."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock, Timeout

from flows.backup import object_folders, remote_addresses
from flows.batches import content_hash, versioned_batches, versioned_files
from flows.versioning import dvc, git
from heelstrike.errors import UserError, first_line
from heelstrike.stores import TRACKING_URI, tracking_uri
from pipeline.layout import Layout

_CACHE = "cache-of-the-checkout"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a scratch clone, which the operating system frees when this process dies.

    Raises:
        UserError: Another process works in it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0):
            yield
    except Timeout:
        raise UserError(f"{folder}: another process rebuilds this commit; start again when it has ended") from None


def clone_at(root: Path, folder: Path, commit: str) -> None:
    """Clone a checkout into a new folder at a commit, with its DVC remotes and their local settings.

    Raises:
        UserError: git failed; for instance, this clone does not have the commit.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    git(root, "clone", "--quiet", "--no-checkout", "--shared", str(root), str(folder))
    git(folder, "checkout", "--quiet", "--detach", commit)
    local = root / ".dvc" / "config.local"
    if local.is_file():
        shutil.copy(local, folder / ".dvc" / "config.local")
    for name, address in remote_addresses(root).items():
        dvc(folder, "remote", "modify", "--local", name, "url", address)
    # a remote that is not there is worked around by what the checkout itself has
    dvc(folder, "remote", "add", "--local", "--force", _CACHE, str(object_folders(root)[0].parents[1]))


def pull_raw(layout: Layout) -> list[str]:
    """Fetch the raw batches of a problem into a clone, from the cache of its checkout or else from DVC's remote.

    Returns:
        A line about each file that could not be fetched or whose bytes are not those of the commit.
    """
    batches = versioned_batches(layout)
    if not batches:
        return []
    pointers = [str((layout.raw / f"{batch.name}.dvc").relative_to(layout.root)) for batch in batches]
    failure = ""
    for remote in (["--remote", _CACHE], []):
        try:
            dvc(layout.root, "pull", *remote, *pointers)
            break
        except UserError as error:
            failure = first_line(next(line for line in str(error).splitlines()[::-1] if line.strip()))
    else:
        return [f"data/raw/{layout.problem}: not all of it can be fetched: {failure}"]
    return changed_files(layout)


def changed_files(layout: Layout) -> list[str]:
    """Return a line about each raw file of a clone or checkout whose bytes are not those that its pointer names."""
    lines = []
    for batch in versioned_batches(layout):
        folder = layout.raw / batch.name
        for name, digest in versioned_files(layout, batch.name).items():
            path = folder / name
            if not path.is_file():
                lines.append(f"{path.relative_to(layout.root)}: missing")
            elif (actual := content_hash(path)) != digest:
                lines.append(f"{path.relative_to(layout.root)}: MD5 {actual}, expected {digest}")
    return lines


def changed_batches(layout: Layout, old: str, new: str) -> list[str]:
    """Return a line about each raw file that differs between two commits, as far as DVC's cache knows the files."""
    before, after = (_raw_files_at(layout, commit) for commit in (old, new))
    return [
        f"{path}: MD5 {after.get(path, 'none')}, was {before.get(path, 'none')}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _raw_files_at(layout: Layout, commit: str) -> dict[str, str]:
    folder = layout.raw.relative_to(layout.root).as_posix()
    names = git(layout.root, "ls-tree", "-z", "--name-only", commit, f"{folder}/").split("\0")
    files: dict[str, str] = {}
    for pointer in (name for name in names if name.endswith(".dvc")):
        digest = yaml.safe_load(git(layout.root, "show", f"{commit}:{pointer}"))["outs"][0]["md5"]
        listing = object_folders(layout.root)[0] / digest[:2] / digest[2:]
        entries = json.loads(listing.read_text()) if listing.is_file() else [{"relpath": "", "md5": digest}]
        files |= {f"{pointer.removesuffix('.dvc')}/{entry['relpath']}": entry["md5"] for entry in entries}
    return files


@contextmanager
def running_in(folder: Path, root: Path) -> Iterator[None]:
    """Let stages within the block use the code of a clone, the registry of the checkout, and no study of before."""
    before = dict(os.environ)
    os.environ[TRACKING_URI] = tracking_uri(root)
    os.environ["PYTHONPATH"] = str(folder)
    os.environ.pop("HEELSTRIKE_STUDY_URL", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
