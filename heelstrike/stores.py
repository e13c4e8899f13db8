"""Addresses of registry and cache: local files by default, servers by environment variables (docs/stores.md)."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from heelstrike.errors import UserError
from heelstrike.redact import without_password

TRACKING_URI = "MLFLOW_TRACKING_URI"
_DATABASES = ("sqlite", "postgresql")


class StoreUnreachableError(UserError):
    """The configured store does not answer. A cached package may still be used."""


def tracking_uri(root: Path) -> str:
    """Return the address of MLflow's runs and registry: MLFLOW_TRACKING_URI, else the database of the checkout.

    Raises:
        UserError: MLFLOW_TRACKING_URI is not the address of a store that can be used. The message does not repeat an
            address that cannot be read, since it may hold a password.
    """
    uri = os.environ.get(TRACKING_URI) or _own_uri(root)
    try:
        parts = urlsplit(uri)
        valid = parts.port is None or bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or (is_server(uri) and not parts.hostname):
        raise UserError(
            f"{TRACKING_URI}: not an address, since its host or port cannot be read; expected for instance "
            "https://HOST:PORT, with every special character of a password written as %XX"
        )
    if not is_server(uri):
        check_database(uri, TRACKING_URI, "http://HOST:PORT, https://HOST")
    return uri


def _own_uri(root: Path) -> str:
    file = root.resolve() / "mlflow.db"
    if "?" in str(file):
        raise UserError(f"{file.parent}: MLflow opens no database in a path with a question mark; rename the folder")
    return f"sqlite:///{file}"


def own_database(root: Path) -> Path | None:
    """Return the checkout's own database; `None` if MLFLOW_TRACKING_URI names another store."""
    file, uri = root.resolve() / "mlflow.db", os.environ.get(TRACKING_URI)
    named = not uri or (is_local_file(uri) and file_of(uri).absolute() == file)
    return file if named else None


def check_database(uri: str, variable: str, others: str = "") -> None:
    """Check that an address is one of a database that can be used. The database itself is not opened.

    Args:
        uri: The address.
        variable: The environment variable that holds it, for the message.
        others: Further forms that the variable may have, for the message.

    Raises:
        UserError: The address is of another database, or not an address; or its file is not an SQLite database.
    """
    forms = ", ".join(filter(None, (others, "sqlite:///FILE", "postgresql://USER:PASSWORD@HOST/DATABASE")))
    scheme = urlsplit(uri).scheme.lower()
    if scheme.partition("+")[0] not in _DATABASES:
        raise UserError(f"{variable} is {without_password(uri)[:200]!r}, which cannot be used; expected {forms}")
    if not is_local_file(uri):
        return
    if not file_of(uri).name or ":///" not in uri:
        raise UserError(f"{variable} is {without_password(uri)[:200]!r}, which names no file; expected {forms}")
    check_sqlite(file_of(uri), variable)


def check_sqlite(file: Path, variable: str) -> None:
    """Check that a file, if there is one, is an SQLite database.

    Raises:
        UserError: It is a folder or another kind of file.
    """
    if file.is_dir():
        raise UserError(f"{file}: a folder, expected the file of an SQLite database; change {variable}")
    try:
        with file.open("rb") as stream:
            start = stream.read(16)
    except OSError:  # missing, or reported by whoever opens it
        return
    if start not in (b"", b"SQLite format 3\0"):
        raise UserError(
            f"{file}: not an SQLite database (it starts with {start[:12]!r}); restore the file, or change {variable}"
        )


def file_of(uri: str) -> Path:
    """Return the file of an SQLite address."""
    return Path(uri.partition(":///")[2].partition("?")[0])


def cache_folder() -> Path:
    """Return the folder for pulled packages: HEELSTRIKE_CACHE, else `heelstrike` in the user's cache folder."""
    folder = os.environ.get("HEELSTRIKE_CACHE")
    if folder:
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heelstrike"


def is_server(uri: str) -> bool:
    """Return True if the store is an MLflow server, False if it is a database."""
    return urlsplit(uri).scheme in ("http", "https")


def is_local_file(uri: str) -> bool:
    """Return True if the store is a file on this machine (SQLite), which a file lock can protect."""
    return urlsplit(uri).scheme.startswith("sqlite")
