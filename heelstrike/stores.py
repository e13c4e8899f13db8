"""Where models are kept and what is cached: embedded files by default, servers by environment (docs/stores.md)."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from heelstrike.errors import UserError


class StoreUnreachableError(UserError):
    """The store that the environment names does not answer; what is cached may still serve."""


def tracking_uri(root: Path) -> str:
    """Address of MLflow's runs and registry: MLFLOW_TRACKING_URI, else the embedded database of a checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.resolve() / 'mlflow.db'}"


def cache_folder() -> Path:
    """Where pulled packages are kept on this machine: HEELSTRIKE_CACHE, else `heelstrike` in the user's cache."""
    given = os.environ.get("HEELSTRIKE_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heelstrike"


def is_server(uri: str) -> bool:
    """Whether the store is an MLflow server, not a database."""
    return urlsplit(uri).scheme in ("http", "https")


def is_local_file(uri: str) -> bool:
    """Whether the store is a file of this machine (SQLite), so that a file lock guards it."""
    return urlsplit(uri).scheme.startswith("sqlite")


def without_password(uri: str) -> str:
    """The address as messages may show it."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return uri.replace(f":{parts.password}@", ":***@", 1)
