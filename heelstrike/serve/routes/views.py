"""What the pages load: copies of images and videos for browsers, results as columns, and frames of results."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response

from heelstrike.serve.columns import columns_of, frames_of
from heelstrike.serve.dependencies import ServiceOf, Visible
from heelstrike.serve.problems import RequestError
from heelstrike.serve.report import report_of
from heelstrike.serve.results import result_of

router = APIRouter(prefix="/api/evaluations/{evaluation}", tags=["pages"])

_PRIVATE = {"Cache-Control": "private, no-cache"}
_CHUNK = 1 << 18  # bytes; a browser that seeks reads megabytes ahead, and each part is a turn of the event loop


@router.get("/views/{name}", response_class=FileResponse)
def view(name: str, record: Visible, service: ServiceOf) -> Response:
    """Return the copy of an uploaded image or video that every browser shows, with the pixels that were measured."""
    path = service.evaluations.view(record.id, name)
    if not path.exists():
        raise RequestError(HTTPStatus.NOT_FOUND, f"{name} is not prepared for the page yet; a job does that")
    media_type = "video/mp4" if path.suffix == ".mp4" else "image/jpeg"
    # The guard forbids to store it: a browser's cache would hold what patients look like, and a seek would wait there
    # for the end of the one before.
    response = FileResponse(path, media_type=media_type)
    response.chunk_size = _CHUNK
    return response


@router.get("/jobs/{job}/columns/{name}", response_class=FileResponse)
def columns(job: str, name: str, record: Visible, service: ServiceOf) -> Response:
    """Return the result of a file as columns, in the layout that heelstrike/serve/columns.py describes."""
    return FileResponse(columns_of(result_of(service, record, job, name)), headers=_PRIVATE)


@router.get("/jobs/{job}/frames/{name}")
def frames(
    job: str,
    name: str,
    record: Visible,
    service: ServiceOf,
    first: Annotated[int, Query(ge=0)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Return some frames of the result of a file, as they are in its JSON."""
    content = frames_of(result_of(service, record, job, name), first, count)
    return Response(content, media_type="application/json", headers=_PRIVATE)


@router.get("/jobs/{job}/report/{name}", response_class=Response)
def report(job: str, name: str, record: Visible, service: ServiceOf) -> Response:
    """Return the result of a file as a PDF of one page."""
    content = report_of(record, result_of(service, record, job, name), service.evaluations.view(record.id, name))
    disposition = {"Content-Disposition": f'attachment; filename="{job}.pdf"'}
    return Response(content, media_type="application/pdf", headers=_PRIVATE | disposition)
