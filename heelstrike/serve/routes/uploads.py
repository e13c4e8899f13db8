"""Uploads in parts."""

from http import HTTPStatus
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import Owned, ServiceOf
from heelstrike.serve.records import Record, StoredFile
from heelstrike.serve.uploads import Upload

router = APIRouter(prefix="/api/evaluations/{evaluation}/uploads", tags=["uploads"], route_class=JsonRoute)

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewUpload(BaseModel):
    """A file that a client is going to send."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=500)]
    size: Annotated[int, Field(ge=0, description="bytes of the whole file")]
    sha256: Annotated[
        str | None, Field(pattern="^[0-9a-fA-F]{64}$", description="what the bytes must give; null: not checked")
    ] = None


class UploadState(Record):
    """How far an upload is."""

    upload: Upload
    offset: Annotated[int, Field(description="bytes that have arrived; the next ones are sent with this offset")]
    file: Annotated[StoredFile | None, Field(description="the file, when all bytes have arrived")] = None


@router.get("")
def list_uploads(record: Owned, service: ServiceOf) -> list[UploadState]:
    """Return the unfinished uploads of an evaluation."""
    uploads = service.uploads.of(record.id)
    return [UploadState(upload=upload, offset=service.uploads.offset(upload)) for upload in uploads]


@router.post("", status_code=HTTPStatus.CREATED)
def create(new: NewUpload, record: Owned, service: ServiceOf, response: Response) -> UploadState:
    """Begin an upload. Its bytes are sent by PATCH to the address in `Location`."""
    upload = service.uploads.create(record, new.name, new.size, new.sha256)
    response.headers["Location"] = f"/api/evaluations/{record.id}/uploads/{upload.id}"
    return UploadState(upload=upload, offset=0)


@router.get("/{upload}")
def get(upload: str, record: Owned, service: ServiceOf) -> UploadState:
    """Return how far an upload is, to go on with it."""
    state = service.uploads.get(record.id, upload)
    return UploadState(upload=state, offset=service.uploads.offset(state))


@router.patch("/{upload}", openapi_extra=_BODY)
async def append(
    upload: str,
    record: Owned,
    service: ServiceOf,
    request: Request,
    response: Response,
    upload_offset: Annotated[int, Header(ge=0, description="where the bytes belong in the file")],
) -> UploadState:
    """Send bytes of an upload: all that are missing, or some of them. When the last one is there, it becomes a file."""
    state = service.uploads.get(record.id, upload)
    offset = await service.uploads.append(state, upload_offset, request.stream())
    response.headers["Upload-Offset"] = str(offset)
    if offset < state.size:
        return UploadState(upload=state, offset=offset)
    file = await run_sync(service.uploads.finish, state)
    return UploadState(upload=state, offset=offset, file=file)


@router.delete("/{upload}", status_code=HTTPStatus.NO_CONTENT)
def delete(upload: str, record: Owned, service: ServiceOf) -> None:
    """Give up an upload and delete what has arrived."""
    service.uploads.delete(service.uploads.get(record.id, upload))
