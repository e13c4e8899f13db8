"""Ids of inputs: the same bytes have the same id in one folder of records, and nothing can be told from it elsewhere.

An id is a keyed BLAKE2 of the input's size and of its first and last 256 KiB. The key is random, and is made once in
the folder of the records, as `.salt`. Whoever has the salt and a video can tell that there is a record of it, so the
salt stays where the videos are, and only the `.json` files are collected.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from heelstrike.errors import UserError

SALT = ".salt"
_BYTES = 32
_PART = 2**18
_WAITS, _WAIT_S = 20, 0.05  # for another process to write the salt that it has begun


def salt_of(folder: Path) -> bytes:
    """Return the salt of a folder of records; make it if there is none. Processes that start at once get the same.

    Raises:
        UserError: The folder cannot be written to, or the file is damaged.
    """
    path = folder / SALT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        salt = _read_whole(path)
    except OSError as error:
        raise UserError(f"{error.filename or path}: {error.strerror}; give another folder for the records") from None
    if len(salt) != _BYTES:
        raise UserError(f"{path}: {len(salt)} bytes found, {_BYTES} expected; remove it, and inputs get other ids")
    return salt


def _read_whole(path: Path) -> bytes:
    """Return the salt; wait a moment if another process has made the file and not written it yet."""
    salt = path.read_bytes()
    for _ in range(_WAITS):
        if len(salt) >= _BYTES:
            break
        time.sleep(_WAIT_S)
        salt = path.read_bytes()
    return salt


def _make(path: Path) -> None:
    """Write the file aside and link it to its name, which fails if another process was first."""
    aside = path.with_name(f"{SALT}-{secrets.token_hex(8)}")
    _write_new(aside)
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    except OSError:  # the file system has no hard links
        with suppress(FileExistsError):
            _write_new(path)
    finally:
        aside.unlink(missing_ok=True)


def _write_new(path: Path) -> None:
    """Write a new salt; raise `FileExistsError` if the file is there."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(secrets.token_bytes(_BYTES))
    except OSError:  # a full disk
        path.unlink(missing_ok=True)
        raise


def id_of(file: Path, salt: bytes) -> str:
    """Return the id of an image or a video, 32 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    digest = hashlib.blake2b(key=salt, digest_size=16)
    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest.update(size.to_bytes(8, "little"))
        digest.update(stream.read(_PART))
        stream.seek(max(size - _PART, 0))
        digest.update(stream.read(_PART))
    return digest.hexdigest()


def files_by_id(folder: Path, files: Iterable[Path]) -> dict[str, Path]:
    """Return the files that a folder of records or disagreements was made from, by id: how a labeller finds them again.

    Args:
        folder: The folder of the small files, with its salt.
        files: Images and videos to look among; one that cannot be read is left out.
    """
    salt = salt_of(folder)
    found = dict[str, Path]()
    for file in files:
        with suppress(OSError):
            found.setdefault(id_of(file, salt), file)
    return found
