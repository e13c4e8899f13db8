"""The models that are served."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from heelstrike.serve.dependencies import ServiceOf, UserOf
from heelstrike.serve.listing import KnownVersion
from heelstrike.serve.models import ModelStore, RegistryState
from heelstrike.serve.records import Record

router = APIRouter(tags=["models"])


class ModelVersion(Record):
    """A version of a model."""

    reference: Annotated[str, Field(description="how to ask for this version, for instance rearfoot/3")]
    problem: str
    version: Annotated[int | None, Field(description="number in the registry; null for a package folder")]
    aliases: tuple[str, ...]
    created: Annotated[str | None, Field(description="when it was registered, in UTC; null if unknown")]
    package: Annotated[str, Field(description="digest of the package")]
    fetched: Annotated[bool, Field(description="true if the package is on this machine")]
    measure: Annotated[str | None, Field(description="what is measured; null: nothing, or not fetched")] = None
    needs: Annotated[str | None, Field(description="what must be known about the images, for instance foot")] = None
    metrics: Annotated[
        dict[str, float], Field(description="headline metrics on the test split; empty if not fetched")
    ] = {}


class Models(Record):
    """All models, and what the registry last answered."""

    registry: RegistryState
    models: tuple[ModelVersion, ...]


@router.get("/api/models")
def models(service: ServiceOf, user: UserOf) -> Models:
    """Return all models with their versions, aliases, dates and test errors."""
    versions = tuple(described(service.models, version) for version in service.models.versions)
    return Models(registry=service.models.state, models=versions)


def described(models: ModelStore, version: KnownVersion) -> ModelVersion:
    """Return a version as the API describes it."""
    manifest = models.manifest(version)
    return ModelVersion(
        reference=version.reference,
        problem=version.problem,
        version=version.number,
        aliases=version.aliases,
        created=version.created,
        package=version.package,
        fetched=manifest is not None,
        measure=manifest.measure.name if manifest and manifest.measure else None,
        needs=manifest.mirror.slice if manifest and manifest.mirror else None,
        metrics=dict(manifest.metrics) if manifest else {},
    )
