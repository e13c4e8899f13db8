"""Answers to requests that fail: a status and a sentence, as JSON or as a page, and never a traceback."""

import errno
import logging
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from heelstrike.errors import UserError
from heelstrike.serve.guard import SAFE_METHODS
from heelstrike.serve.problems import RequestError
from heelstrike.serve.templating import page

_log = logging.getLogger(__name__)
_LOGIN = "/login"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def add_error_answers(app: FastAPI) -> None:
    """Have an application answer every error with a status and a sentence."""

    async def request_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestError)
        return _answer(request, error.status, error.message, error.headers)

    async def user_error(request: Request, error: Exception) -> Response:
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        findings = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, findings)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _answer(request, HTTPStatus(error.status_code), str(error.detail), dict(error.headers or {}))

    async def os_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        if error.errno not in _DISK_FULL:
            return await fault(request, error)
        return _answer(request, HTTPStatus.INSUFFICIENT_STORAGE, "the server's disk is full; free some space and go on")

    async def fault(request: Request, error: Exception) -> Response:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return _answer(
            request, HTTPStatus.INTERNAL_SERVER_ERROR, "this is a fault of the service; its log has the details"
        )

    app.add_exception_handler(RequestError, request_error)
    app.add_exception_handler(UserError, user_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(OSError, os_error)
    app.add_exception_handler(Exception, fault)


def _answer(request: Request, status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> Response:
    for_page = request.method in SAFE_METHODS and "text/html" in request.headers.get("accept", "")
    if not for_page or request.url.path.startswith("/api/"):
        return JSONResponse({"error": message}, status, headers)
    if status == HTTPStatus.UNAUTHORIZED:
        return RedirectResponse(f"{_LOGIN}?next={quote(request.url.path)}", HTTPStatus.SEE_OTHER)
    return page(request, "error.html", status.value, message=message)
