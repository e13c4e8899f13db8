"""Access through mlflow to a registry in a database (SQLite or a shared PostgreSQL) and to artifact stores.

A consumer does not need mlflow, since `rest.py` reads a server without it. mlflow is imported when a store is opened,
since the import takes seconds.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted, without_password
from heelstrike.registry.moved import follow_checkout
from heelstrike.registry.versions import RegisteredModel, Version, run_is_gone
from heelstrike.stores import StoreUnreachableError, file_of, is_local_file, is_server, tracking_uri
from heelstrike.waits import LIMIT, limit_postgres, limit_s

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

_MISSING = "RESOURCE_DOES_NOT_EXIST"
_PAGE = 1000
_ADVICE = {
    "Connection refused": "start it, or set MLFLOW_TRACKING_URI to where it is (docs/stores.md)",
    "could not translate host name": "set MLFLOW_TRACKING_URI to where it is (docs/stores.md)",
    "Read timed out": f"restart that server, or give it more time with {LIMIT} (docs/stores.md)",
    "no answer within": "restart that server, or set MLFLOW_TRACKING_URI to another one (docs/stores.md)",
    "out-of-date database schema": "for a newer version than the expected one, install that version of MLflow",
    "readonly database": "make the file and its folder writable",
    "unable to open database": "check that its folder exists and may be read and written",
    "disk is full": "free some space and run the command again",
    "database is locked": "another process writes to it; run the command again, or use a server (docs/stores.md)",
    "malformed": "restore the file from a copy",
}


class DatabaseClient:
    """A `RegistryClient` that uses mlflow, for databases and for servers.

    Attributes:
        uri: The store's address.

    Args:
        client: The client that `open_mlflow` returns.
        uri: The store's address.
    """

    def __init__(self, client: "MlflowClient", uri: str) -> None:
        self._client, self.uri = client, uri

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, sorted by name."""
        models: list[RegisteredModel] = []
        token = None
        with store_errors(self.uri):
            while True:
                page = self._client.search_registered_models(max_results=_PAGE, page_token=token)
                models += [RegisteredModel(entry.name, _aliases(entry.aliases)) for entry in page]
                token = page.token
                if not token:
                    return sorted(models, key=lambda model: model.name)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version number of each alias of a model."""
        from mlflow.exceptions import MlflowException

        with store_errors(self.uri):
            try:
                return _aliases(self._client.get_registered_model(name).aliases)
            except MlflowException as error:
                if error.error_code == _MISSING:
                    return {}
                raise

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a model, oldest first."""
        versions: list[Version] = []
        token = None
        with store_errors(self.uri):
            while True:
                page = self._client.search_model_versions(f"name='{name}'", max_results=_PAGE, page_token=token)
                versions += map(version_of, page)
                token = page.token
                if not token:
                    return sorted(versions, key=lambda version: version.number)

    def version(self, name: str, number: int) -> Version | None:
        """Return one version; `None` if there is no such version."""
        from mlflow.exceptions import MlflowException

        with store_errors(self.uri):
            try:
                return version_of(self._client.get_model_version(name, str(number)))
            except MlflowException as error:
                if error.error_code == _MISSING:
                    return None
                raise

    def download(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the artifact store that the database names for the version."""
        with store_errors(self.uri):
            address = self._client.get_model_version_download_uri(version.problem, str(version.number))
        return download_artifact(version, address, file, folder, self.uri)

    def run_file(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the artifacts of the run that made a version."""
        from mlflow.exceptions import MlflowException

        with store_errors(self.uri):
            try:
                address = str(self._client.get_run(version.run_id or "").info.artifact_uri)
            except MlflowException as error:
                if error.error_code == _MISSING:
                    raise run_is_gone(version) from None
                raise
        return download_artifact(version, address, file, folder, self.uri)


def download_artifact(version: Version, address: str, file: str, folder: Path, uri: str) -> Path:
    """Download one file of a version from the artifact store that holds it (a folder, `s3://...`).

    Args:
        version: The version, for messages.
        address: Address of the artifacts' root.
        file: Path of the file below the root.
        folder: Folder to download to.
        uri: The registry's address.

    Returns:
        The path of the downloaded file.

    Raises:
        UserError: mlflow is not installed, or the store does not return the file.
    """
    _require_mlflow(f"{version.reference}: its files are at {address or 'an unknown address'}")
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        files = get_artifact_repository(address, tracking_uri=uri, registry_uri=uri)
        return Path(files.download_artifacts(file, str(folder)))
    except (OSError, ValueError, MlflowException) as error:
        reason = redacted((str(error).strip() or type(error).__name__).splitlines()[-1], address, uri)
        raise UserError(f"{version.reference}: {file} cannot be fetched from {address}: {reason}") from error


def open_mlflow(root: Path, create: bool = True) -> "MlflowClient":
    """Return a client of the configured MLflow store, for both runs and registry.

    Args:
        root: Root of the checkout, for the embedded store.
        create: True to create a missing embedded store; a reader passes False.

    Raises:
        StoreUnreachableError: Nothing answers at the store's address, or its file is missing.
        UserError: The address is invalid, or mlflow is not installed.
    """
    uri = tracking_uri(root)
    if not is_server(uri):
        _require_mlflow(f"{without_password(uri)}: a database")
    _check_reachable(uri, create)
    _require_mlflow(without_password(uri))
    follow_checkout(root)
    # set before the import: no telemetry, and a server that is down is reported within seconds instead of minutes
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(max(1, round(limit_s()))))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import logging

    from mlflow.tracking import MlflowClient

    for name in ("mlflow.store.db.utils", "alembic"):  # they announce the tables made at first use
        logging.getLogger(name).setLevel(logging.WARNING)
    with store_errors(uri):
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turn errors of mlflow's store within the block into messages.

    Raises:
        StoreUnreachableError: The store does not answer.
        UserError: The store answered with an error.
    """
    import requests
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    address = without_password(uri)
    try:
        yield
    except (requests.exceptions.RequestException, SQLAlchemyError) as error:
        message = f"{address}: the MLflow store failed: {_first_line(error, uri)}"
        raise StoreUnreachableError(f"{message}{_advice(message)}") from error
    except MlflowException as error:
        gone = isinstance(error.__cause__ or error.__context__, requests.exceptions.RequestException)
        kind = StoreUnreachableError if gone or "TEMPORARILY_UNAVAILABLE" in str(error.error_code) else UserError
        message = f"{address}: the MLflow store answered: {_first_line(error, uri)}"
        raise kind(f"{message}{_advice(message)}") from error


def version_of(entry: "ModelVersion") -> Version:
    """Convert an entry of MLflow to a `Version`."""
    return Version.of(str(entry.name), entry.version, entry.run_id, dict(entry.tags or {}), entry.creation_timestamp)


def _aliases(entries: dict[str, str]) -> dict[str, int]:
    return {alias: int(number) for alias, number in sorted(entries.items())}


def _first_line(error: Exception, uri: str) -> str:
    return first_line(redacted(str(error).strip() or type(error).__name__, uri))


def _advice(message: str) -> str:
    """Return what to do about a known failure, as the end of a sentence; empty for any other."""
    for part, advice in _ADVICE.items():
        if part in message:
            return f"; {advice}"
    return ""


def _require_mlflow(subject: str) -> None:
    if importlib.util.find_spec("mlflow") is None:
        raise UserError(
            f"{subject}, which is read through mlflow, and mlflow is not installed here; set MLFLOW_TRACKING_URI to "
            "the address of an MLflow server that serves its files, or pip install mlflow"
        )


def _check_reachable(uri: str, create: bool) -> None:
    """Raise within the limit if the store is down. MLflow itself would retry for most of an hour."""
    if is_local_file(uri):
        file = file_of(uri)
        if not create and not file.is_file():
            raise StoreUnreachableError(
                f"{file}: no registry there; set MLFLOW_TRACKING_URI to the address of an MLflow server "
                "(docs/stores.md), or run this at the top of the repository that trained the model"
            )
        file.parent.mkdir(parents=True, exist_ok=True)
    elif is_server(uri):
        from heelstrike.registry.rest import RestClient

        RestClient(uri).check()
    else:
        limit_postgres()
        _check_connection(uri)


def _check_connection(uri: str) -> None:
    """Connect to a PostgreSQL server once. MLflow itself would try ten times, for more than a minute."""
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool
    except ImportError:  # `_require_mlflow` reports it
        return
    try:
        with store_errors(uri):
            create_engine(uri, poolclass=NullPool).connect().close()
    except ImportError as error:
        raise UserError(
            f"{without_password(uri)}: its driver is not installed ({error}); pip install 'heelstrike[postgres]'"
        ) from error
