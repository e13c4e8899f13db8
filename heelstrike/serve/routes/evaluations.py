"""Evaluations and their files."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import Owned, ServiceOf, UserOf, Visible
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Evaluation
from heelstrike.text import printable

router = APIRouter(prefix="/api/evaluations", tags=["evaluations"], route_class=JsonRoute)

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]
Word = Annotated[str, Field(min_length=1, max_length=100)]
MmPerPx = Annotated[float, Field(gt=0, le=1000, description="side of a pixel in millimetres")]
About = Annotated[dict[Word, Word], Field(max_length=20, description="what the images show, for instance foot: left")]
Users = Annotated[tuple[Word, ...], Field(max_length=100, description="users who may see the evaluation")]

_MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}


class NewEvaluation(BaseModel):
    """What a client says about a new evaluation."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: Name
    mm_per_px: MmPerPx | None = None
    about: About = {}


class Changes(BaseModel):
    """What a client changes. Fields that are not given stay as they are."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: Name | None = None
    shared_with: Users | None = None


@router.get("")
def list_evaluations(
    service: ServiceOf,
    user: UserOf,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    skip: Annotated[int, Query(ge=0)] = 0,
) -> list[Evaluation]:
    """Return the evaluations that the user may see, the latest first."""
    return [record for record in service.evaluations.all() if user.may_see(record)][skip : skip + limit]


@router.post("", status_code=HTTPStatus.CREATED)
def create(new: NewEvaluation, service: ServiceOf, user: UserOf) -> Evaluation:
    """Make an empty evaluation."""
    return service.evaluations.create(new.name, user, new.mm_per_px, new.about)


@router.get("/{evaluation}")
def get(record: Visible) -> Evaluation:
    """Return an evaluation."""
    return record


@router.patch("/{evaluation}")
def change(changes: Changes, record: Owned, service: ServiceOf) -> Evaluation:
    """Rename an evaluation, or say who may see it too."""
    fields = changes.model_dump(exclude_none=True)
    if "shared_with" in fields:
        ids = {user.name: user.id for user in service.accounts.users()} if service.accounts else {}
        unknown = sorted(set(fields["shared_with"]) - set(ids))
        if unknown:
            raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f"shared_with: there is no user {unknown[0]!r}")
        fields["shared_ids"] = tuple(ids[name] for name in fields["shared_with"])
    return service.evaluations.change(record.id, **fields)


@router.delete("/{evaluation}", status_code=HTTPStatus.NO_CONTENT)
def delete(record: Owned, service: ServiceOf) -> None:
    """Delete an evaluation with all its files and results."""
    service.jobs.delete_evaluation(record.id)


@router.get("/{evaluation}/files/{name}", response_class=FileResponse)
def download(name: str, record: Visible, service: ServiceOf) -> Response:
    """Return an uploaded file. Parts of it can be asked for with `Range`."""
    stored, path = service.evaluations.file(record.id, name)
    return FileResponse(
        path,
        media_type=_MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"),
        filename=stored.name,
        headers={"Cache-Control": "private, no-cache"},
        content_disposition_type="inline",
    )


@router.delete("/{evaluation}/files/{name}", status_code=HTTPStatus.NO_CONTENT)
def delete_file(name: str, record: Owned, service: ServiceOf) -> None:
    """Delete an uploaded file, unless a job is to measure it. Results of jobs stay."""
    service.jobs.remove_file(record.id, name)
