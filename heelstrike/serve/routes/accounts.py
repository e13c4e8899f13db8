"""Logging in and out, and who one is."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from heelstrike.serve.accounts import Accounts, csrf_token
from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import ServiceOf, UserOf, require
from heelstrike.serve.identity import COOKIE, session_of, set_session
from heelstrike.serve.problems import missing
from heelstrike.serve.records import Record
from heelstrike.serve.roles import Role
from heelstrike.serve.service import Service

router = APIRouter(prefix="/api", tags=["accounts"], route_class=JsonRoute)


class Credentials(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1000)]


class NewUser(Credentials):
    """A user to add."""

    role: Role = Role.CLINICIAN


class Session(Record):
    """A session that has begun."""

    token: Annotated[str, Field(description="for programs, as `Authorization: Bearer TOKEN`")]
    csrf: Annotated[str, Field(description="for pages, as X-CSRF-Token with every write")]


class Me(Record):
    """The user who asks."""

    name: Annotated[str | None, Field(description="null for the only user of a service without accounts")]
    role: str
    csrf: Annotated[str, Field(description="for pages, as X-CSRF-Token with every write; empty without accounts")]


@router.post("/login")
def log_in(credentials: Credentials, service: ServiceOf, request: Request, response: Response) -> Session:
    """Begin a session. Browsers get its cookie, programs use its token."""
    address = request.client.host if request.client else ""
    token = _accounts(service).log_in(credentials.name, credentials.password, address)
    set_session(response, token, service.settings.secure)
    return Session(token=token, csrf=csrf_token(token))


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
def log_out(service: ServiceOf, user: UserOf, request: Request, response: Response) -> None:
    """End the session."""
    _accounts(service).log_out(session_of(request))
    response.delete_cookie(COOKIE)


@router.get("/me")
def me(user: UserOf, request: Request) -> Me:
    """Return who the user is."""
    return Me(name=user.name, role=user.role, csrf=getattr(request.state, "csrf", ""))


@router.get("/users")
def users(service: ServiceOf, user: UserOf) -> list[str]:
    """Return the names of all users, to share an evaluation with them."""
    return [other.name for other in _accounts(service).users() if other.name]


@router.post("/users", status_code=HTTPStatus.CREATED)
def add_user(new: NewUser, service: ServiceOf, user: UserOf) -> None:
    """Add a user. Only administrators may."""
    require(user, Role.ADMINISTRATOR)
    _accounts(service).add(new.name, new.role, new.password)


@router.delete("/users/{name}", status_code=HTTPStatus.NO_CONTENT)
def remove_user(name: str, service: ServiceOf, user: UserOf) -> None:
    """Remove a user, whose evaluations are the administrators' from then on. Only administrators may."""
    require(user, Role.ADMINISTRATOR)
    _accounts(service).remove(name)
    service.follow_users()


def _accounts(service: Service) -> Accounts:
    if service.accounts is None:
        raise missing("account: this service has none; start it with --users")
    return service.accounts
