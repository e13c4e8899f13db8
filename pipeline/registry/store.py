"""The registry with write access: one registered model, whose versions get tags, descriptions and aliases."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heelstrike.errors import UserError
from heelstrike.registry.database import DatabaseClient, open_mlflow, store_errors
from heelstrike.registry.versions import Version
from heelstrike.stores import tracking_uri

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

DECISION_TAG = "mlflow.heelstrike.decision"
"""The last decision on a version, as JSON. MLflow's UI lists no tags of its own prefix, so its page stays readable."""

OLD_DECISION_TAG = "heelstrike.decision"
"""The name of that tag before 28 November 2026; decisions under it are read, and none is written."""

ROLLED_BACK_TAG = "heelstrike.rolled_back"


class Registry:
    """One registered model in the configured store; create it with `open_registry`.

    Attributes:
        client: MLflow's client, for writing.
        reader: Reads the same store in the way of a consumer.
        uri: The store's address.
        problem: The registered model's name.
    """

    def __init__(self, client: "MlflowClient", uri: str, problem: str) -> None:
        self.client, self.uri, self.problem = client, uri, problem
        self.reader = DatabaseClient(client, uri)

    def aliases(self) -> dict[str, int]:
        """Version numbers by alias; empty if nothing has been registered."""
        return self.reader.aliases(self.problem)

    def versions(self) -> list[Version]:
        """All versions, the oldest first."""
        return self.reader.versions(self.problem)

    def version(self, number: int) -> Version:
        """One version.

        Raises:
            UserError: There is no such version.
        """
        version = self.reader.version(self.problem, number)
        if version is None:
            numbers = [version.number for version in self.versions()]
            raise UserError(f"{self.problem} has no version {number}; it has {numbers or 'none'}")
        return version

    def aliased(self, alias: str) -> Version | None:
        """The version with an alias; `None` if the alias is not set."""
        number = self.aliases().get(alias)
        return None if number is None else self.version(number)

    def set_alias(self, alias: str, number: int) -> None:
        """Move an alias; readers see the old or the new version at any time."""
        self.client.set_registered_model_alias(self.problem, alias, str(number))

    def tag(self, number: int, tags: dict[str, str]) -> None:
        """Set tags of a version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.problem, str(number), key, value)

    def model_tags(self) -> dict[str, str]:
        """Tags of the registered model itself."""
        return dict(self.client.get_registered_model(self.problem).tags)

    def tag_model(self, tags: dict[str, str]) -> None:
        """Set tags of the registered model itself, which outlive its versions."""
        for key, value in tags.items():
            self.client.set_registered_model_tag(self.problem, key, value)

    def describe(self, number: int, markdown: str) -> None:
        """Set the description of a version, as the MLflow UI shows it."""
        self.client.update_model_version(self.problem, str(number), description=markdown)


@contextmanager
def open_registry(root: Path, problem: str, create: bool = True) -> Iterator[Registry]:
    """Open the registry of one problem; failures of the store within the block become `UserError`.

    Args:
        root: The repository root, where the embedded store is.
        problem: The registered model's name.
        create: True to create an embedded store if it does not exist; readers pass False.
    """
    client, uri = open_mlflow(root, create), tracking_uri(root)
    with store_errors(uri):
        yield Registry(client, uri, problem)
