"""What a consumer asks of a registry, and the client that answers for the address in force."""

from pathlib import Path
from typing import Protocol

from heelstrike.errors import UserError
from heelstrike.registry.versions import Reference, RegisteredModel, Version
from heelstrike.stores import is_server, tracking_uri, without_password


class RegistryClient(Protocol):
    """Reads an MLflow registry.

    Every method raises `StoreUnreachableError` where the store does not answer, and `UserError` where it answers with
    an error.

    Attributes:
        uri: The store's address.
    """

    uri: str

    def models(self) -> list[RegisteredModel]:
        """All registered models, by name."""
        ...

    def aliases(self, name: str) -> dict[str, int]:
        """Version number by alias of one model; empty where there is no such model."""
        ...

    def versions(self, name: str) -> list[Version]:
        """All versions of a model, the oldest first."""
        ...

    def version(self, name: str, number: int) -> Version | None:
        """One version; None where there is no such version."""
        ...

    def download(self, version: Version, file: str, folder: Path) -> Path:
        """Download a file of a version's artifacts.

        Args:
            version: The version.
            file: Its name, or its path below the artifacts' root with forward slashes.
            folder: Where to put it, under the same path.

        Returns:
            The file on this machine.

        Raises:
            UserError: The store has no such file.
        """
        ...


def connect(root: Path) -> RegistryClient:
    """A client for reading the registry in force: over HTTP from a server, through mlflow from a database.

    Args:
        root: The checkout's root, for the embedded database.

    Raises:
        StoreUnreachableError: Nothing answers there.
        UserError: The address is none, or mlflow is needed and not installed.
    """
    uri = tracking_uri(root)
    if is_server(uri):
        from heelstrike.registry.rest import RestClient

        return RestClient(uri)
    from heelstrike.registry.database import DatabaseClient, open_mlflow

    return DatabaseClient(open_mlflow(root, create=False), uri)


def find_version(client: RegistryClient, reference: Reference) -> Version:
    """The version that a reference names.

    Raises:
        UserError: There is none.
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
    known = f"it has {', '.join(f'{a} ({n})' for a, n in aliases.items())}" if aliases else "nothing is registered"
    raise UserError(
        f"{name}@{reference.alias}: no such model in {without_password(client.uri)}; {known}. "
        f"`heelstrike models` lists what is there, `heelstrike retrain {name}` makes one"
    )
