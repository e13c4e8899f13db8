"""Errors of the service that a client sees as a status and a sentence."""

from http import HTTPStatus


class RequestError(Exception):
    """A request that cannot be answered, for a reason that its sender can understand.

    Attributes:
        status: The HTTP status.
        message: What is wrong, what was expected and what to do, for a person.
        headers: Further headers of the answer.
    """

    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def missing(what: str) -> RequestError:
    """Return the error for a thing that does not exist, or that this user may not see."""
    return RequestError(HTTPStatus.NOT_FOUND, f"there is no such {what}; it may have been deleted")
