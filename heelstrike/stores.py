"""Addresses of registry and cache: local files by default, servers by environment variables (docs/stores.md)."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from heelstrike.errors import UserError


class StoreUnreachableError(UserError):
    """The configured store does not answer. A cached package may still be used."""


def tracking_uri(root: Path) -> str:
    """Return the address of MLflow's runs and registry: MLFLOW_TRACKING_URI, else the database of the checkout.

    Raises:
        UserError: MLFLOW_TRACKING_URI is not an address. The message does not repeat it, since it may hold a password.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or _own_uri(root)
    try:
        parts = urlsplit(uri)
        valid = parts.port is None or bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or (is_server(uri) and not parts.hostname):
        raise UserError(
            "MLFLOW_TRACKING_URI: not an address, since its host or port cannot be read; expected for instance "
            "https://HOST:PORT, with every special character of a password written as %XX"
        )
    return uri


def _own_uri(root: Path) -> str:
    file = root.resolve() / "mlflow.db"
    if "?" in str(file):
        raise UserError(
            f"{file.parent}: a database cannot be opened below a name with a question mark; rename the folder"
        )
    return f"sqlite:///{file}"


def own_database(root: Path) -> Path | None:
    """Return the checkout's own database; `None` if MLFLOW_TRACKING_URI names another store."""
    file, uri = root.resolve() / "mlflow.db", os.environ.get("MLFLOW_TRACKING_URI")
    named = not uri or (is_local_file(uri) and Path(uri.split(":///", 1)[-1]).absolute() == file)
    return file if named else None


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


def without_password(uri: str) -> str:
    """Return the address with its password hidden, for messages."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return uri.replace(f":{parts.password}@", ":***@", 1)
