"""Restoring a backup into an empty folder, verified before and after."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from flows.backup import (
    BUNDLE,
    DATABASE,
    DUMP,
    FORMAT,
    INBOX,
    MANIFEST,
    OBJECTS,
    PATCH,
    UNTRACKED,
    is_object,
    iterate,
    object_folders,
)
from flows.restore_database import require_empty_database, restore_database
from flows.versioning import dvc, git
from heelstrike.errors import UserError, first_line
from heelstrike.files import file_digest
from heelstrike.progress import progress
from heelstrike.redact import without_password
from heelstrike.registry.client import connect
from heelstrike.registry.moved import ARTIFACTS
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION, is_model_name
from heelstrike.stores import TRACKING_URI


def restore(backup: Path, target: Path, database: str = "") -> list[str]:
    """Make a checkout of a backup: verify every file, clone git, put all stores in place, check out the outputs.

    Args:
        backup: Folder of the backup.
        target: A new or empty folder.
        database: Address of an empty PostgreSQL database for the dump of one; empty if none is to be restored.

    Returns:
        A line about each champion, whose package was fetched and verified, and about what the backup does not hold.

    Raises:
        UserError: The backup is unfinished or damaged, or the target or the database is not empty.
    """
    backup, target = backup.resolve(), target.resolve()
    manifest = verified(backup)
    if target.exists() and any(target.iterdir()):
        raise UserError(f"{target}: is not empty; a restore needs a new or empty folder")
    if database:
        if not (backup / DUMP).is_file():
            raise UserError(f"{backup}: has no dump of a PostgreSQL database; leave out --database")
        require_empty_database(database)
    target.mkdir(parents=True, exist_ok=True)
    branch = ["--branch", str(manifest["branch"])] if manifest["branch"] else []  # it was on a detached HEAD
    git(target, "clone", "--quiet", *branch, str(backup / BUNDLE), ".")
    git(target, "fetch", "--quiet", "--update-head-ok", str(backup / BUNDLE), "refs/heads/*:refs/heads/*")
    git(target, "remote", "remove", "origin")  # the bundle is no place to push to
    if (backup / PATCH).stat().st_size:
        git(target, "apply", str(backup / PATCH))
    if (backup / UNTRACKED).is_dir():
        shutil.copytree(backup / UNTRACKED, target, dirs_exist_ok=True)
    for place in object_folders(target):
        if place.is_relative_to(target):
            shutil.copytree(backup / OBJECTS, place, dirs_exist_ok=True)
    for source, place in ((ARTIFACTS, target / ARTIFACTS), (INBOX, target / "data" / "inbox")):
        if (backup / source).is_dir():
            shutil.copytree(backup / source, place)
    lines = []
    if (backup / DATABASE).is_file():
        shutil.copyfile(backup / DATABASE, target / DATABASE)
    if database:
        restore_database(backup / DUMP, database, target)
        lines.append(f"set {TRACKING_URI} to the restored database {without_password(database)}")
    elif (backup / DUMP).is_file():
        lines.append(f"not restored: MLflow's PostgreSQL database, {backup / DUMP}; --database ADDRESS restores it")
    lines += [f"not in the backup: {line}" for line in manifest["not_included"]]
    lines += _check_out(target)
    return [*champions(target, database), *lines] if database or (target / DATABASE).is_file() else lines


def verified(backup: Path) -> dict[str, Any]:
    """Return the manifest of a backup after comparing every file with its hash.

    Raises:
        UserError: The backup is unfinished, of another format, or damaged; the message has a line for each file.
    """
    path = backup / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        files = dict(manifest["files"])
    except FileNotFoundError:
        raise UserError(f"{path}: missing: not a backup, or one that was interrupted; make another") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged ({first_line(str(error))}); use another backup") from None
    if manifest.get("format") != FORMAT:
        raise UserError(f"{path}: has the format {manifest.get('format')}, expected {FORMAT}; use a newer Heelstrike")
    findings = []
    with progress("verify the backup", len(files)) as bar:
        for name, entry in files.items():
            if not (backup / name).is_file():
                findings.append(f"{backup / name}: missing")
            elif file_digest(backup / name) != entry["sha256"]:
                findings.append(f"{backup / name}: its bytes have changed")
            bar.advance()
    findings += [
        f"{object_}: its bytes are not those of its name"
        for object_ in iterate(backup / OBJECTS)
        if not is_object(object_.relative_to(backup / OBJECTS).as_posix(), object_)
    ]
    if findings:
        raise UserError("\n".join([*findings[:20], f"{len(findings)} files are damaged; use another backup"]))
    return manifest


def champions(target: Path, database: str = "") -> list[str]:
    """Fetch the champion of every problem from a restored registry into an empty cache, and verify it.

    Args:
        target: The restored checkout.
        database: Address of the registry; empty for the checkout's own.

    Raises:
        UserError: A package is missing or damaged.
    """
    lines = []
    before = {name: os.environ.pop(name, None) for name in (TRACKING_URI, "HEELSTRIKE_CACHE")}
    with tempfile.TemporaryDirectory() as cache:
        os.environ |= {"HEELSTRIKE_CACHE": cache} | ({TRACKING_URI: database} if database else {})
        try:
            client = connect(target)
            for model in client.models():
                number = model.aliases.get(CHAMPION)
                version = client.version(model.name, number) if number and is_model_name(model.name) else None
                if version is not None:
                    fetch(client, version)
                    lines.append(f"the champion {version.reference} is there and intact")
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
    return lines


def _check_out(target: Path) -> list[str]:
    """Restore the outputs of the stages and the raw data from the cache; return a line if not all is there."""
    try:
        dvc(target, "checkout")
    except UserError as error:
        return [
            f"not all outputs are in the backup, `dvc pull` may fetch them: {first_line(str(error).splitlines()[1])}"
        ]
    return []
