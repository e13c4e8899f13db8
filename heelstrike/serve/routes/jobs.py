"""Jobs and their results."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import Owned, ServiceOf, Visible
from heelstrike.serve.problems import missing
from heelstrike.serve.records import Job, Progress, Record
from heelstrike.serve.service import Service

router = APIRouter(prefix="/api/evaluations/{evaluation}/jobs", tags=["jobs"], route_class=JsonRoute)

_MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".dxf": "image/vnd.dxf",
}


class NewJob(BaseModel):
    """What to measure with."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[
        str | None,
        Field(max_length=200, description="NAME@champion, NAME or NAME/VERSION; null: the only champion"),
    ] = None
    overlay: Annotated[bool, Field(description="true to draw the results into copies of the files")] = False


class JobState(Record):
    """A job and how far it is."""

    job: Job
    progress: Annotated[Progress | None, Field(description="null if the job is not running")] = None
    ahead: Annotated[int, Field(description="jobs that come before this one")] = 0
    results: Annotated[tuple[str, ...], Field(description="names of the result files")] = ()


@router.get("")
def list_jobs(record: Visible, service: ServiceOf) -> list[JobState]:
    """Return the jobs of an evaluation, the oldest first."""
    return [state_of(service, job) for job in service.jobs.of(record.id)]


@router.post("", status_code=HTTPStatus.CREATED)
def create(new: NewJob, record: Owned, service: ServiceOf, response: Response) -> JobState:
    """Queue the measurement of all files of an evaluation. The model's version is chosen when the job begins."""
    version = service.models.find(new.model)
    job = service.jobs.submit(record, new.model or version.problem, new.overlay)
    response.headers["Location"] = f"/api/evaluations/{record.id}/jobs/{job.id}"
    return state_of(service, job)


@router.get("/{job}")
def get(job: str, record: Visible, service: ServiceOf) -> JobState:
    """Return a job and how far it is."""
    return state_of(service, service.jobs.get(record.id, job))


@router.post("/{job}/cancel")
def cancel(job: str, record: Owned, service: ServiceOf) -> JobState:
    """End a job that is queued or running."""
    return state_of(service, service.jobs.cancel(service.jobs.get(record.id, job)))


@router.delete("/{job}", status_code=HTTPStatus.NO_CONTENT)
def delete(job: str, record: Owned, service: ServiceOf) -> None:
    """Delete a job with its results."""
    service.jobs.delete(service.jobs.get(record.id, job))


@router.get("/{job}/results/{name}", response_class=FileResponse)
def download(job: str, name: str, record: Visible, service: ServiceOf) -> Response:
    """Return a result file. Parts of it can be asked for with `Range`."""
    state = service.jobs.get(record.id, job)
    if name not in _result_names(service, state):
        raise missing("result")
    path = service.jobs.results(state) / name
    return FileResponse(
        path,
        media_type=_MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"),
        filename=name,
        headers={"Cache-Control": "private, no-cache"},
        content_disposition_type="inline" if path.suffix in (".mp4", ".png", ".json") else "attachment",
    )


def state_of(service: Service, job: Job) -> JobState:
    """Return a job as the API describes it."""
    queued = [other for other in service.jobs.all() if other.state in ("queued", "running")]
    ahead = sum(other.created < job.created for other in queued) if job.state == "queued" else 0
    return JobState(job=job, progress=service.jobs.progress(job), ahead=ahead, results=_result_names(service, job))


def _result_names(service: Service, job: Job) -> tuple[str, ...]:
    folder = service.jobs.results(job)
    if job.state != "done" or not folder.is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")))
