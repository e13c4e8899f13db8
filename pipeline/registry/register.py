"""Registers a packaged candidate as a version of its problem's registered model, once per package."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from heelstrike.package.manifest import Manifest, read_manifest, verify
from heelstrike.registry.database import version_of
from heelstrike.registry.versions import CHALLENGER, CHAMPION, PACKAGE_TAG, Version
from pipeline.layout import Layout
from pipeline.registry.store import Registry, open_registry
from pipeline.tracking.lineage import uncommitted_inputs
from pipeline.tracking.tags import MODEL_VERSIONS_TAG, NETWORK_TAG, NOT_REPRODUCIBLE_TAG, WEIGHTS_TAG


def register(layout: Layout, model_id: str, run_id: str) -> Version:
    """Make the packaged candidate a version of its problem, with the alias `challenger`.

    A package is registered once: a repeated call, for instance after a kill, returns the existing version.

    Args:
        layout: Paths of the package.
        model_id: Id of the MLflow model that holds the package.
        run_id: Id of the retrain's run.

    Raises:
        UserError: The package is damaged, or the store does not answer.
    """
    manifest = read_manifest(layout.out("package"))
    verify(layout.out("package"), manifest)
    with open_registry(layout.root, layout.problem) as registry:
        _ensure_model(registry)
        existing = [version for version in registry.versions() if version.package == manifest.digest]
        version = existing[0] if existing else _create(registry, manifest, model_id, run_id)
        registry.set_alias(CHALLENGER, version.number)
        _mark_reproducibility(registry, version, uncommitted_inputs(layout))
        return version


def _mark_reproducibility(registry: Registry, version: Version, missing: list[str]) -> None:
    """Tag a version that cannot be repeated from git; the tag goes when the same package is made from a commit."""
    if missing:
        registry.tag(version.number, {NOT_REPRODUCIBLE_TAG: f"not in git: {', '.join(missing)}"[:500]})
    elif NOT_REPRODUCIBLE_TAG in version.tags:
        registry.client.delete_model_version_tag(registry.problem, str(version.number), NOT_REPRODUCIBLE_TAG)


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
                NETWORK_TAG: str(manifest.network.get("name", "?")),
                **({WEIGHTS_TAG: weights} if weights else {}),
            },
            description=f"Candidate, not evaluated by the gates yet. {metrics}",
        )
    link = json.dumps([{"name": entry.name, "version": int(entry.version)}])
    registry.client.set_logged_model_tags(model_id, {MODEL_VERSIONS_TAG: link})
    return version_of(entry)


@contextmanager
def _as_global_store(uri: str) -> Iterator[None]:
    """Make a store MLflow's global one, where it looks up `models:/ID` if the client's store is a database."""
    from mlflow.tracking._tracking_service.utils import _use_tracking_uri

    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        with _use_tracking_uri(uri):
            yield
    finally:  # MLflow leaves the variable unset
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _ensure_model(registry: Registry) -> None:
    from mlflow.exceptions import MlflowException

    try:
        registry.client.create_registered_model(
            registry.problem,
            description=f"`{CHAMPION}` is the version that consumers pull, `{CHALLENGER}` the latest candidate. Only "
            "`heelstrike retrain` (every gate passed), `heelstrike approve` and `heelstrike rollback` move it.",
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
