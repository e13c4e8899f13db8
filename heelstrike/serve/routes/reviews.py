"""Comparisons of versions: what reviewers look at, write on it, and decide."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from heelstrike.serve.accounts import User
from heelstrike.serve.approvals import Signature
from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import ServiceOf, UserOf, require
from heelstrike.serve.notes import Note
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Record
from heelstrike.serve.reviews import Review
from heelstrike.serve.roles import Role
from heelstrike.serve.service import Service
from heelstrike.text import printable_lines

# the page loads nothing and runs nothing, whatever it holds
_PAGE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "private, no-store",
}


def reviewer(user: UserOf) -> User:
    """Return the user, who is a reviewer, an administrator, or the only user of a service without accounts.

    Raises:
        RequestError: The user has another role.
    """
    require(user, Role.REVIEWER, Role.ADMINISTRATOR)
    return user


Reviewer = Annotated[User, Depends(reviewer)]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(printable_lines)
]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the page that was looked at")]

router = APIRouter(prefix="/api/reviews", tags=["reviews"], route_class=JsonRoute)


class NewNote(BaseModel):
    """A note to add."""

    model_config = ConfigDict(extra="forbid")

    page: Digest
    image: Annotated[str, Field(max_length=500, description="an image of the page; empty: the whole")] = ""
    text: Text


class NewDecision(BaseModel):
    """What a reviewer decides."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approve", "reject"]
    page: Digest
    why: Annotated[str, Field(max_length=500), AfterValidator(printable_lines)] = ""


class ShownNote(Note):
    """A note as a user sees it."""

    removable: Annotated[bool, Field(description="true if the user who asks may delete it")]


class Decided(Record):
    """What became of a decision."""

    message: str


@router.get("")
def reviews(service: ServiceOf, user: Reviewer) -> list[Review]:
    """Return all comparisons: what waits for people first, then the newest version first."""
    return service.reviews.all()


def found(problem: str, version: int, service: ServiceOf, user: Reviewer) -> Review:
    """Return a comparison that there is."""
    return service.reviews.get(problem, version)


Found = Annotated[Review, Depends(found)]


@router.get("/{problem}/{version}")
def review(record: Found) -> Review:
    """Return a comparison."""
    return record


@router.get("/{problem}/{version}/page")
def page(problem: str, version: int, service: ServiceOf, user: Reviewer) -> Response:
    """Return the page of a comparison, byte for byte as the registry has it."""
    content = service.reviews.page(problem, version)
    return Response(content, media_type="text/html; charset=utf-8", headers=_PAGE_HEADERS)


@router.get("/{problem}/{version}/notes")
def notes(record: Found, service: ServiceOf, user: Reviewer) -> list[ShownNote]:
    """Return all notes on a version, the oldest first; those on earlier pages too."""
    found = service.notes.of(record.problem, record.version)
    users = _users(service)
    return [ShownNote(**note.model_dump(), removable=note.removable_by(user, users)) for note in found]


@router.post("/{problem}/{version}/notes", status_code=HTTPStatus.CREATED)
def add_note(new: NewNote, record: Found, service: ServiceOf, user: Reviewer) -> ShownNote:
    """Add a note."""
    note = service.notes.add(record.problem, record.version, new.page, new.image, new.text, user)
    return ShownNote(**note.model_dump(), removable=True)


@router.delete("/{problem}/{version}/notes/{note}", status_code=HTTPStatus.NO_CONTENT)
def remove_note(note: str, record: Found, service: ServiceOf, user: Reviewer) -> None:
    """Remove a note of one's own; administrators remove those of removed users too."""
    users = _users(service)
    service.notes.remove(record.problem, record.version, note, lambda found: found.removable_by(user, users))


@router.post("/{problem}/{version}/decision")
def decide(new: NewDecision, record: Found, service: ServiceOf, user: Reviewer) -> Decided:
    """Approve or reject a candidate, by the rules of `heelstrike approve` and `heelstrike reject`."""
    if service.approvals is None or record.undecidable:
        raise RequestError(HTTPStatus.CONFLICT, record.undecidable)
    act = {"approve": service.approvals.approve, "reject": service.approvals.reject}[new.verdict]
    return Decided(message=act(record.problem, record.version, Signature(user.name, new.why, new.page)))


def _users(service: Service) -> list[User]:
    return service.accounts.users() if service.accounts else []
