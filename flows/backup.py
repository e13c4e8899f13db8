"""A backup of all stores of a checkout in one folder, made while other commands work.

The order makes it consistent without a lock, since every store refers only to what another one got before: the registry
is copied first, then git, then DVC's objects and the artifacts. Whatever the copy of the registry names is in the later
copies; what came meanwhile is in them too and does no harm.
"""

import hashlib
import shutil
import socket
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.postgres_tools import run_client
from flows.versioning import git
from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_json
from heelstrike.progress import progress
from heelstrike.redact import without_password
from heelstrike.registry.database import open_mlflow, store_errors
from heelstrike.registry.moved import ARTIFACTS
from heelstrike.stores import file_of, is_local_file, is_server, tracking_uri

FORMAT = 1
MANIFEST = "backup.json"
DATABASE, DUMP, BUNDLE, PATCH = "mlflow.db", "mlflow.dump", "repository.bundle", "uncommitted.patch"
OBJECTS, INBOX, UNTRACKED = "objects", "inbox", "untracked"


@dataclass
class Backup:
    """A backup that has been made.

    Attributes:
        folder: Where it is.
        bytes_by_store: Size of each part, bytes.
        not_included: A line about each store that is elsewhere and has to be saved there.
    """

    folder: Path
    bytes_by_store: dict[str, int] = field(default_factory=dict)
    not_included: list[str] = field(default_factory=list)


def back_up(root: Path, folder: Path) -> Backup:
    """Copy registry, git, DVC's objects, artifacts and inbox of a checkout into an empty folder.

    The manifest, with the hash of every file, is written last: a folder without it is an unfinished backup.

    Raises:
        UserError: The folder is not empty or is in the checkout, or a store cannot be read.
    """
    root, folder = root.resolve(), folder.resolve()
    if folder.is_relative_to(root):
        raise UserError(f"{folder}: is in the checkout that would be saved; name a folder elsewhere")
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: is not empty; a backup needs a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    backup = Backup(folder)
    _registry(root, backup)
    branch = _repository(root, folder)
    _objects(root, backup)
    _tree(root / ARTIFACTS, folder / ARTIFACTS, "artifacts")
    _tree(root / "data" / "inbox", folder / INBOX, "inbox")
    files: dict[str, dict[str, Any]] = {
        path.relative_to(folder).as_posix(): {"sha256": file_digest(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for name, entry in files.items():
        store = name.partition("/")[0]
        backup.bytes_by_store[store] = backup.bytes_by_store.get(store, 0) + entry["bytes"]
    about = {"format": FORMAT, "time": utc_now(), "host": socket.gethostname(), "branch": branch}
    write_json(folder / MANIFEST, about | {"files": files, "not_included": backup.not_included})
    return backup


def _repository(root: Path, folder: Path) -> str:
    """Save the history of git, and all that is not committed, and return the branch; it is empty on a detached HEAD."""
    git(root, "bundle", "create", "--quiet", str(folder / BUNDLE), "--all")
    branch = git(root, "branch", "--show-current")
    heads = git(root, "bundle", "list-heads", str(folder / BUNDLE), f"refs/heads/{branch}" if branch else "HEAD")
    # the patch is about the commit in the bundle, since another process may have committed meanwhile
    as_apply_reads_it = ("--binary", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
    git(root, "diff", heads.split()[0], *as_apply_reads_it, f"--output={folder / PATCH}")
    untracked = git(root, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    for name in (name for name in untracked if name and (root / name).is_file()):
        target = folder / UNTRACKED / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # it is gone meanwhile
            shutil.copyfile(root / name, target)
    return branch


def _registry(root: Path, backup: Backup) -> None:
    """Copy MLflow's database: SQLite by its online backup, PostgreSQL by pg_dump. A server has to be saved there."""
    uri = tracking_uri(root)
    if is_server(uri):
        backup.not_included.append(f"the MLflow server at {without_password(uri)}: save its database and its artifacts")
    elif is_local_file(uri):
        if file_of(uri).is_file():
            copy_database(file_of(uri), backup.folder / DATABASE)
    else:
        run_client("pg_dump", uri, "--format=custom", f"--file={backup.folder / DUMP}")
    if any((backup.folder / name).is_file() for name in (DATABASE, DUMP)):
        for place in _foreign_artifacts(root):
            backup.not_included.append(f"artifacts at {without_password(place)}")


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database that others write to: one moment of it, whole.

    Raises:
        UserError: It is damaged, or stays locked.
    """
    try:
        with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise UserError(f"{source}: cannot be copied ({error})") from None
    if state != "ok":
        raise UserError(f"{source}: the database is damaged: {state}")


def _foreign_artifacts(root: Path) -> list[str]:
    """Return the addresses of artifacts that are not in the checkout's own folder."""
    own = (root / ARTIFACTS).as_uri()
    with store_errors(tracking_uri(root)):
        experiments = open_mlflow(root, create=False).search_experiments()
    # experiment 0 is MLflow's own, which Heelstrike does not use
    places = [str(one.artifact_location) for one in experiments if one.experiment_id != "0"]
    return [place for place in places if not place.startswith((own, "mlflow-artifacts:", "./"))]


def _objects(root: Path, backup: Backup) -> None:
    """Copy DVC's objects of the cache and of remotes that are folders, each object once."""
    places = object_folders(root)
    for name, address in remote_addresses(root).items():
        if "://" in address:
            backup.not_included.append(f"DVC's remote {name} at {without_password(address)}")
    objects = {path.relative_to(place).as_posix(): path for place in reversed(places) for path in iterate(place)}
    with progress("objects of DVC", len(objects)) as bar:
        for name, path in objects.items():
            target = backup.folder / OBJECTS / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            if not is_object(name, target):
                raise UserError(
                    f"{path}: its bytes are not those of its name: DVC's copy is damaged; remove it, and "
                    f"run `dvc pull` or the stage that made it again"
                )
            bar.advance()


def is_object(name: str, path: Path) -> bool:
    """Return True if a file has the MD5 that its name in DVC's store, `ab/cdef...` or `ab/cdef....dir`, stands for."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return name.replace("/", "").removesuffix(".dir") == digest


def object_folders(root: Path) -> list[Path]:
    """Return the folders `files/md5` of DVC's cache and of each remote that is a folder, the cache first."""
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        cache = Path(repo.cache.local.path)
    remotes = [Path(address) / "files" / "md5" for address in remote_addresses(root).values() if "://" not in address]
    return [cache, *remotes]


def remote_addresses(root: Path) -> dict[str, str]:
    """Return the address of each of DVC's remotes by its name; a folder's is absolute."""
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        return {name: str(settings["url"]) for name, settings in repo.config["remote"].items()}


def iterate(place: Path) -> Iterator[Path]:
    """Yield the objects in a folder of DVC, without unfinished ones."""
    for folder in sorted(place.glob("[0-9a-f][0-9a-f]")):
        yield from (path for path in sorted(folder.iterdir()) if len(path.name.removesuffix(".dir")) == 30)


def _tree(source: Path, target: Path, label: str) -> None:
    """Copy a folder while others write to it; a file that is gone meanwhile is left out."""
    if not source.is_dir():
        return
    paths: Iterable[Path] = [path for path in sorted(source.rglob("*")) if path.is_file()]
    with progress(label, len(list(paths))) as bar:
        for path in paths:
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(path, place)
            except FileNotFoundError:
                continue
            bar.advance()
