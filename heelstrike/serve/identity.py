"""Who sent a request: by the cookie of a session, or by its token as `Authorization: Bearer`."""

import hmac
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from heelstrike.serve.accounts import ONLY_USER, Accounts, User, csrf_token
from heelstrike.serve.guard import SAFE_METHODS
from heelstrike.serve.problems import RequestError

COOKIE = "heelstrike-session"
CSRF_HEADER = "X-CSRF-Token"


def identify(request: Request, accounts: Accounts | None) -> User:
    """Return the user who sent a request, and note user and CSRF token in the request's state for the templates.

    Args:
        request: The request.
        accounts: The accounts; `None` for a service of one user.

    Raises:
        RequestError: Users log in here, and this request is of none, or it is a write by cookie without the token that
            only the service's own pages know.
    """
    if accounts is None:
        request.state.user = ONLY_USER
        return ONLY_USER
    bearer = _bearer(request)
    session = bearer or request.cookies.get(COOKIE, "")
    user = accounts.user(session) if session else None
    if user is None:
        raise RequestError(HTTPStatus.UNAUTHORIZED, "log in first", WWW_Authenticate="Bearer")
    token = csrf_token(session)
    sent = request.headers.get(CSRF_HEADER, "")
    if not bearer and request.method not in SAFE_METHODS and not hmac.compare_digest(sent.encode(), token.encode()):
        raise RequestError(HTTPStatus.FORBIDDEN, f"a write needs the session's token in {CSRF_HEADER}")
    request.state.user, request.state.csrf = user, token
    return user


def session_of(request: Request) -> str:
    """Return the token of the session that a request belongs to; empty without one."""
    return _bearer(request) or request.cookies.get(COOKIE, "")


def set_session(response: Response, session: str, secure: bool) -> None:
    """Give a browser the cookie of a session, which no script can read and no other site can make it send."""
    response.set_cookie(COOKIE, session, httponly=True, samesite="strict", secure=secure, path="/")


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
