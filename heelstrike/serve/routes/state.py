"""Health, readiness, version and metrics, for whoever operates the service."""

import os
from http import HTTPStatus

from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

import heelstrike
from heelstrike.serve.dependencies import ServiceOf
from heelstrike.serve.models import RegistryState
from heelstrike.serve.records import Record

router = APIRouter(tags=["state"])


class Version(Record):
    """Version of the service."""

    heelstrike: str


class Health(Record):
    """The process answers."""

    ok: bool = True


class Readiness(Record):
    """If the service can measure, and why not."""

    ready: bool
    problems: tuple[str, ...]
    registry: RegistryState


@router.get("/api/version")
def version() -> Version:
    """Return the version of Heelstrike."""
    return Version(heelstrike=heelstrike.__version__)


@router.get("/api/health")
def health() -> Health:
    """Answer that the process lives."""
    return Health()


@router.get("/api/ready", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(service: ServiceOf) -> Response:
    """Return if the service can measure, with status 503 if it cannot. A registry that is away is no reason."""
    problems = []
    if not service.models.ready:
        problems.append("there is no model that can be used")
    if not os.access(service.settings.data, os.W_OK):
        problems.append("the data folder cannot be written to")
    readiness = Readiness(ready=not problems, problems=tuple(problems), registry=service.models.state)
    return JSONResponse(
        readiness.model_dump(mode="json"), HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    )


@router.get("/metrics", response_class=Response)
def metrics(service: ServiceOf) -> Response:
    """Return counters in Prometheus' text format."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
