"""What the routes need of a request: the service, the user, and the evaluation that the user may see or change."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from heelstrike.serve.accounts import User
from heelstrike.serve.identity import identify
from heelstrike.serve.problems import RequestError, missing
from heelstrike.serve.records import Evaluation
from heelstrike.serve.roles import Role
from heelstrike.serve.service import Service


def service_of(request: Request) -> Service:
    """Return the service that a request is for."""
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


def user_of(request: Request, service: ServiceOf) -> User:
    """Return the user who sent a request.

    Raises:
        RequestError: Users log in here, and this request is of none, or it is a write without the session's token.
    """
    return identify(request, service.accounts)


UserOf = Annotated[User, Depends(user_of)]


def require(user: User, *roles: Role) -> None:
    """Refuse a user who has none of some roles.

    Raises:
        RequestError: The user has another role.
    """
    if user.role not in roles:
        raise RequestError(HTTPStatus.FORBIDDEN, f"this is for the role {' or '.join(roles)}; yours is {user.role}")


def visible(evaluation: str, service: ServiceOf, user: UserOf) -> Evaluation:
    """Return an evaluation that the user made, or that was shared with the user."""
    record = service.evaluations.get(evaluation)
    if not user.may_see(record):
        raise missing("evaluation")
    return record


def owned(evaluation: str, service: ServiceOf, user: UserOf) -> Evaluation:
    """Return an evaluation that the user made."""
    record = service.evaluations.get(evaluation)
    if not user.owns(record):
        raise missing("evaluation")
    return record


Visible = Annotated[Evaluation, Depends(visible)]
Owned = Annotated[Evaluation, Depends(owned)]
