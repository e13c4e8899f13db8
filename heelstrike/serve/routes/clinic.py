"""The clinic's pages: start, evaluation, result."""

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from heelstrike.serve.dependencies import ServiceOf, UserOf, Visible
from heelstrike.serve.headline import headline_error
from heelstrike.serve.listing import KnownVersion
from heelstrike.serve.models import ModelStore
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Evaluation, Job
from heelstrike.serve.results import result_of
from heelstrike.serve.service import Service
from heelstrike.serve.templating import page

router = APIRouter(include_in_schema=False)

_MOST = 100  # evaluations that are listed


@router.get("/")
def start(request: Request, service: ServiceOf, user: UserOf, q: str = "") -> Response:
    """Show the form for a new evaluation, and the user's evaluations whose name or file contains `q`."""
    visible = [record for record in service.evaluations.all() if user.may_see(record)]
    matching = [record for record in visible if _matches(record, q)]
    rows = [
        {"evaluation": record, "job": _latest(service, record), "own": user.owns(record)} for record in matching[:_MOST]
    ]
    return page(
        request,
        "start.html",
        rows=rows,
        more=len(matching) - len(rows),
        any=bool(visible),
        query=q,
        models=[_choice(service.models, version) for version in service.models.versions],
    )


@router.get("/evaluations/{evaluation}")
def evaluation(request: Request, record: Visible, service: ServiceOf, user: UserOf) -> Response:
    """Show an evaluation: its files, what was measured on them, and how far that is."""
    people = [other.name for other in service.accounts.users()] if service.accounts else []
    return page(
        request,
        "evaluation.html",
        evaluation=record,
        own=user.owns(record),
        others=[name for name in people if name not in (None, record.owner)],
        models=[_choice(service.models, version) for version in service.models.versions],
    )


@router.get("/evaluations/{evaluation}/results/{job}/{name}")
def result(request: Request, record: Visible, service: ServiceOf, job: str, name: str, second: str = "") -> Response:
    """Show the result of one file, with that of a second job beside it if `second` names one."""
    jobs = [state for state in service.jobs.of(record.id) if _has_result(service, record, state, name)]
    names = {state.id: state for state in jobs}
    if job not in names or (second and second not in names):
        raise RequestError(HTTPStatus.NOT_FOUND, "there is no such result; it may have been deleted")
    wanted = [names[job], *([names[second]] if second else [])]
    return page(
        request,
        "result.html",
        evaluation=record,
        file=record.files[name],
        job=names[job],
        jobs=jobs,
        second=second,
        files=[other for other in record.files if _has_result(service, record, names[job], other)],
        results=[_addresses(record, state, name) for state in wanted],
        view=f"/api/evaluations/{record.id}/views/{quote(name)}",
        downloads=_downloads(service, record, names[job], name),
    )


def _matches(record: Evaluation, query: str) -> bool:
    return any(query.casefold() in text.casefold() for text in (record.name, *record.files))


def _latest(service: Service, record: Evaluation) -> Job | None:
    jobs = service.jobs.of(record.id)
    return jobs[-1] if jobs else None


def _choice(models: ModelStore, version: KnownVersion) -> dict[str, Any]:
    """Return a version as the form offers it."""
    manifest = models.manifest(version)
    parts = [
        f"version {version.number}" if version.number is not None else "package",
        ", ".join(version.aliases),
        (version.created or "")[:10],
        headline_error(manifest) if manifest else "not fetched yet",
    ]
    return {
        "problem": version.problem,
        "reference": version.reference,
        "champion": version.number is None or "champion" in version.aliases,
        "text": " · ".join(part for part in parts if part),
        "needs": manifest.mirror.slice if manifest and manifest.mirror else None,
    }


def _has_result(service: Service, record: Evaluation, job: Job, name: str) -> bool:
    if name not in record.files:
        return False
    try:
        return bool(result_of(service, record, job.id, name))
    except RequestError:
        return False


def _addresses(record: Evaluation, job: Job, name: str) -> dict[str, str]:
    base, file = f"/api/evaluations/{record.id}/jobs/{job.id}", quote(name)
    return {
        "columns": f"{base}/columns/{file}",
        "frames": f"{base}/frames/{file}",
        "name": job.reference or job.model,
    }


_WORDS = {
    ".json": "Result (JSON)",
    ".csv": "Frames (CSV)",
    ".steps.csv": "Steps (CSV)",
    ".overlay.mp4": "Overlay video (MP4)",
    ".overlay.png": "Overlay (PNG)",
    ".outline.svg": "Insole outline (SVG)",
    ".outline.dxf": "Insole outline (DXF)",
}


def _downloads(service: Service, record: Evaluation, job: Job, name: str) -> list[dict[str, str]]:
    """Return the files of a result with their addresses, the report first."""
    base, file = f"/api/evaluations/{record.id}/jobs/{job.id}", quote(name)
    folder: Path = service.jobs.results(job)
    there = [suffix for suffix in _WORDS if (folder / f"{name}{suffix}").exists()]
    links = [{"text": _WORDS[suffix], "address": f"{base}/results/{file}{suffix}"} for suffix in there]
    return [{"text": "Report (PDF)", "address": f"{base}/report/{file}"}, *links]
