"""Who may label, and under which name."""

from http import HTTPStatus

from heelstrike.serve.accounts import User
from heelstrike.serve.dependencies import require
from heelstrike.serve.label.records import Author
from heelstrike.serve.problems import RequestError
from heelstrike.serve.roles import Role
from heelstrike.serve.service import Service

READERS = (Role.REVIEWER,)
"""Roles that see labels, and change none."""


def may_label(service: Service, user: User) -> bool:
    """Return True if a user may label."""
    return user.role in _labellers(service)


def may_read(service: Service, user: User) -> bool:
    """Return True if a user may see labels."""
    return user.role in (*_labellers(service), *READERS)


def require_labeller(service: Service, user: User) -> None:
    """Refuse a user who may not label.

    Raises:
        RequestError: The user has another role.
    """
    require(user, *_labellers(service))


def require_reader(service: Service, user: User) -> None:
    """Refuse a user who may not see labels.

    Raises:
        RequestError: The user has another role.
    """
    require(user, *_labellers(service), *READERS)


def author(user: User, stated: str | None) -> Author:
    """Return as whom a user labels: as the account, or without accounts under the name that the user states.

    Raises:
        RequestError: There are no accounts, and no name is stated.
    """
    if user.name is not None:
        return Author(user.name, user.id)
    if not stated:
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "who: say who labels; this service has no accounts")
    return Author(stated)


def _labellers(service: Service) -> tuple[Role, ...]:
    return (Role.LABELLER, Role.ADMINISTRATOR, *service.settings.label_roles)
