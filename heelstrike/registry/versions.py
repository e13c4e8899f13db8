"""Versions of a registered model: found by number or alias, tagged, described."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from heelstrike.errors import UserError
from heelstrike.stores import open_mlflow, store_errors, tracking_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"
PACKAGE_TAG = "heelstrike.package"
DECISION_TAG, ROLLED_BACK_TAG = "heelstrike.decision", "heelstrike.rolled_back"


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        problem: The registered model's name.
        number: The version's number.
        package: Digest of its package's manifest.
        run_id: The retrain's run.
        tags: The version's tags.
    """

    problem: str
    number: int
    package: str
    run_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`rearfoot/3`."""
        return f"{self.problem}/{self.number}"


class Registry:
    """One registered model in the store in force; make it with `open_registry`.

    Attributes:
        client: The store's client.
        uri: The store's address.
        problem: The registered model's name.
    """

    def __init__(self, client: "MlflowClient", uri: str, problem: str) -> None:
        self.client, self.uri, self.problem = client, uri, problem

    def aliases(self) -> dict[str, int]:
        """Version number by alias; empty where nothing has been registered."""
        from mlflow.exceptions import MlflowException

        try:
            model = self.client.get_registered_model(self.problem)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise
        return {alias: int(number) for alias, number in model.aliases.items()}

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        found, token = [], None
        while True:
            page = self.client.search_model_versions(f"name='{self.problem}'", max_results=1000, page_token=token)
            found += [version_of(entry) for entry in page]
            token = page.token
            if not token:
                return sorted(found, key=lambda version: version.number)

    def version(self, number: int) -> Version:
        """One version.

        Raises:
            UserError: There is no such version.
        """
        from mlflow.exceptions import MlflowException

        try:
            return version_of(self.client.get_model_version(self.problem, str(number)))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
        there = [version.number for version in self.versions()]
        raise UserError(f"{self.problem} has no version {number}; it has {there or 'none'}")

    def aliased(self, alias: str) -> Version | None:
        """The version an alias stands for, none where it is not set."""
        number = self.aliases().get(alias)
        return None if number is None else self.version(number)

    def set_alias(self, alias: str, number: int) -> None:
        """Move an alias; readers see the old or the new version, never none."""
        self.client.set_registered_model_alias(self.problem, alias, str(number))

    def tag(self, number: int, tags: dict[str, str]) -> None:
        """Set tags of a version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.problem, str(number), key, value)

    def describe(self, number: int, markdown: str) -> None:
        """Set the description of a version, as the MLflow UI shows it."""
        self.client.update_model_version(self.problem, str(number), description=markdown)


@contextmanager
def open_registry(root: Path, problem: str, create: bool = True) -> Iterator[Registry]:
    """Open the registry for one problem; failures of the store within the block become messages.

    Args:
        root: The repository root, for the embedded default.
        problem: The registered model's name.
        create: Make an embedded store that is not there yet; a reader passes False.
    """
    client, uri = open_mlflow(root, create), tracking_uri(root)
    with store_errors(uri):
        yield Registry(client, uri, problem)


def version_of(entry: "ModelVersion") -> Version:
    """MLflow's entry as a `Version`."""
    tags = dict(entry.tags or {})
    return Version(
        problem=str(entry.name),
        number=int(entry.version),
        package=tags.get(PACKAGE_TAG, ""),
        run_id=entry.run_id or None,
        tags=tags,
    )
