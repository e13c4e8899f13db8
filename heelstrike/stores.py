"""Where runs, models and studies are kept: embedded files by default, servers by environment (docs/stores.md).

====================  ==================================================  ==================================
variable              what it names                                       default
====================  ==================================================  ==================================
MLFLOW_TRACKING_URI   runs and the model registry: a database URL or the  sqlite:///ROOT/mlflow.db
                      address of `mlflow server`
HEELSTRIKE_ARTIFACTS  files of runs and models, where that is a database  ROOT/mlartifacts
HEELSTRIKE_STUDY_URL  Optuna's studies: a database URL                    SQLite beside the search's work
HEELSTRIKE_CACHE      packages pulled from the registry                   ~/.cache/heelstrike
====================  ==================================================  ==================================

Nothing here imports MLflow before a store is opened: the import takes seconds and most stages need none.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heelstrike.errors import UserError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_CONNECT_S = 5.0


class StoreUnreachableError(UserError):
    """The store that the environment names does not answer; what is cached may still do."""


def tracking_uri(root: Path) -> str:
    """Where MLflow keeps runs and models."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.resolve() / 'mlflow.db'}"


def artifact_root(root: Path) -> str | None:
    """Where files of runs and models go; None where an MLflow server decides it."""
    if urlsplit(tracking_uri(root)).scheme in ("http", "https"):
        return None
    return os.environ.get("HEELSTRIKE_ARTIFACTS") or (root.resolve() / "mlartifacts").as_uri()


def cache_folder() -> Path:
    """Where pulled packages are kept on a consumer's machine."""
    given = os.environ.get("HEELSTRIKE_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heelstrike"


def is_local_file(uri: str) -> bool:
    """Whether the store is a file of this machine (SQLite), so that a file lock guards it."""
    return urlsplit(uri).scheme.startswith("sqlite")


def shown(uri: str) -> str:
    """The address without its password, for messages."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return uri.replace(f":{parts.password}@", ":***@", 1)


def open_mlflow(root: Path, create: bool = True) -> "MlflowClient":
    """A client of the MLflow store in force, for runs and registry alike.

    Args:
        root: The repository root, for the embedded default.
        create: Make an embedded store that is not there yet; a reader passes False.

    Raises:
        StoreUnreachableError: Nothing answers at its address, or the file is not there.
    """
    uri = tracking_uri(root)
    _check_reachable(uri, create)
    # before the import: no telemetry, and a server that is down is an answer within seconds, not minutes
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import logging

    from mlflow.tracking import MlflowClient

    for name in ("mlflow.store.db.utils", "alembic"):  # tables made at first use need no announcement
        logging.getLogger(name).setLevel(logging.WARNING)
    with store_errors(uri):
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turn a failure of the MLflow store within the block into a message.

    Raises:
        StoreUnreachableError: The store does not answer (any more).
        UserError: It answered with an error.
    """
    import requests
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (requests.exceptions.RequestException, SQLAlchemyError) as error:
        raise StoreUnreachableError(f"{shown(uri)}: the MLflow store failed: {_first_line(error)}") from error
    except MlflowException as error:
        gone = isinstance(error.__cause__ or error.__context__, requests.exceptions.RequestException)
        kind = StoreUnreachableError if gone or "TEMPORARILY_UNAVAILABLE" in str(error.error_code) else UserError
        raise kind(f"{shown(uri)}: the MLflow store answered: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _check_reachable(uri: str, create: bool) -> None:
    """Fail within seconds; MLflow itself would retry a dead database for most of an hour."""
    parts = urlsplit(uri)
    advice = "start it, or set MLFLOW_TRACKING_URI to where it is (docs/stores.md)"
    if is_local_file(uri):
        file = Path(uri.split(":///", 1)[-1])
        if not create and not file.is_file():
            raise StoreUnreachableError(
                f"{file}: no registry there; run this at the top of the repository that trained the model, "
                "or set MLFLOW_TRACKING_URI to a server's address (docs/stores.md)"
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        return
    scheme = parts.scheme.split("+")[0]
    if scheme not in _PORTS:
        raise UserError(
            f"MLFLOW_TRACKING_URI is {shown(uri)!r}; expected sqlite:///FILE, postgresql://..., mysql://... or http(s)://..."
        )
    if not parts.hostname:
        return  # a socket folder in the query; the driver's own message has to do
    try:
        socket.create_connection((parts.hostname, parts.port or _PORTS[scheme]), timeout=_CONNECT_S).close()
    except OSError as error:
        raise StoreUnreachableError(f"{shown(uri)}: nothing answers there ({error}); {advice}") from error
