"""Versions of a registered model: registered once per package, found by number, alias or package."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.files import Layout
from pipeline.package.manifest import Manifest, read_manifest, verify
from pipeline.stores import open_mlflow, store_errors, tracking_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"
PACKAGE_TAG, WEIGHTS_TAG = "heelstrike.package", "heelstrike.weights"
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
            found += [_version(entry) for entry in page]
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
            return _version(self.client.get_model_version(self.problem, str(number)))
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


def register(layout: Layout, model_id: str, run_id: str) -> Version:
    """Make the packaged candidate a version of its problem, and `challenger`.

    The same package is registered once: called again, for instance after a kill, it finds the version it made.

    Args:
        layout: Where the package lies.
        model_id: MLflow's model that holds the package.
        run_id: The retrain's run.

    Raises:
        UserError: The package is damaged, or the store does not answer.
    """
    manifest = read_manifest(layout.out("package"))
    verify(layout.out("package"), manifest)
    with open_registry(layout.root, layout.problem) as registry:
        _ensure_model(registry)
        found = [version for version in registry.versions() if version.package == manifest.digest]
        version = found[0] if found else _create(registry, manifest, model_id, run_id)
        registry.set_alias(CHALLENGER, version.number)
        return version


def _create(registry: Registry, manifest: Manifest, model_id: str, run_id: str) -> Version:
    weights = registry.client.get_logged_model(model_id).tags.get(WEIGHTS_TAG)
    metrics = " · ".join(f"{name} {value:.4g}" for name, value in sorted(manifest.metrics.items()))
    with _as_global_store(registry.uri):
        entry = registry.client.create_model_version(
            registry.problem,
            f"models:/{model_id}",
            run_id=run_id,
            model_id=model_id,
            tags={
                PACKAGE_TAG: manifest.digest,
                "network": str(manifest.network.get("name", "?")),
                **({WEIGHTS_TAG: weights} if weights else {}),
            },
            description=f"Candidate, not judged yet. {metrics}",
        )
    link = json.dumps([{"name": entry.name, "version": int(entry.version)}])
    registry.client.set_logged_model_tags(model_id, {"mlflow.modelVersions": link})
    return _version(entry)


@contextmanager
def _as_global_store(uri: str) -> Iterator[None]:
    """On a database, MLflow looks `models:/ID` up in the store of its global settings, not in the client's own."""
    from mlflow.tracking._tracking_service.utils import _use_tracking_uri

    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        with _use_tracking_uri(uri):
            yield
    finally:  # it leaves the variable unset
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _ensure_model(registry: Registry) -> None:
    from mlflow.exceptions import MlflowException

    try:
        registry.client.create_registered_model(
            registry.problem,
            description=f"`{CHAMPION}` is what consumers pull; `{CHALLENGER}` the latest candidate. Only "
            "`heelstrike retrain` (every gate passed) and `heelstrike rollback` move the champion.",
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _version(entry: "ModelVersion") -> Version:
    tags = dict(entry.tags or {})
    return Version(
        problem=str(entry.name),
        number=int(entry.version),
        package=tags.get(PACKAGE_TAG, ""),
        run_id=entry.run_id or None,
        tags=tags,
    )
