"""The interface of a registry client, and the choice of the client for the configured address."""

from pathlib import Path
from typing import Protocol

from heelstrike.errors import UserError, did_you_mean
from heelstrike.redact import without_password
from heelstrike.registry.versions import Reference, RegisteredModel, Version
from heelstrike.stores import is_server, tracking_uri


class RegistryClient(Protocol):
    """A client that reads an MLflow registry.

    Every method raises `StoreUnreachableError` if the store does not answer, and `UserError` if it answers with an
    error.

    Attributes:
        uri: The store's address.
    """

    uri: str

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, sorted by name."""
        ...

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version number of each alias of a model; empty if there is no such model."""
        ...

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a model, oldest first."""
        ...

    def version(self, name: str, number: int) -> Version | None:
        """Return one version; `None` if there is no such version."""
        ...

    def download(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file of a version's artifacts.

        Args:
            version: The version.
            file: Path of the file below the artifacts' root, with forward slashes.
            folder: Folder to download to; the file has the same path below it.

        Returns:
            The path of the downloaded file.

        Raises:
            UserError: The store has no such file.
        """
        ...

    def run_file(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file from the artifacts of the run that made a version; otherwise as `download`."""
        ...


def connect(root: Path) -> RegistryClient:
    """Return a client for the configured registry: over HTTP for a server, through mlflow for a database.

    Args:
        root: Root of the checkout, for the embedded database.

    Raises:
        StoreUnreachableError: Nothing answers at the registry's address.
        UserError: The address is invalid, or mlflow is needed and not installed.
    """
    uri = tracking_uri(root)
    if is_server(uri):
        from heelstrike.registry.rest import RestClient

        return RestClient(uri)
    from heelstrike.registry.database import DatabaseClient, open_mlflow

    return DatabaseClient(open_mlflow(root, create=False), uri)


def find_version(client: RegistryClient, reference: Reference) -> Version:
    """Return the version that a reference points to.

    Raises:
        UserError: There is no such version.
    """
    name = reference.name
    aliases = client.aliases(name)
    number = aliases.get(reference.alias) if reference.number is None else reference.number
    version = None if number is None else client.version(name, number)
    if version is not None:
        return version
    if number is not None:
        numbers = [version.number for version in client.versions(name)]
        raise UserError(f"{name} has no version {number} in {without_password(client.uri)}; it has {numbers or 'none'}")
    others = [model.name for model in client.models() if model.name != name]
    question = did_you_mean(name, others)
    raise UserError(
        f"{name}@{reference.alias}: no such model in {without_password(client.uri)}; {_known(client, name, aliases)}. "
        f"`heelstrike models` lists all models{question or f', `heelstrike retrain {name}` in a checkout makes one'}"
    )


def _known(client: RegistryClient, name: str, aliases: dict[str, int]) -> str:
    if aliases:
        return f"it has {', '.join(f'{alias} ({number})' for alias, number in aliases.items())}"
    versions = [version.reference for version in client.versions(name)]
    return f"it has no alias; name one of {', '.join(versions)}" if versions else "nothing is registered"
