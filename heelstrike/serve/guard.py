"""What every request has to satisfy, and the headers that protect every answer."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heelstrike.serve.settings import LOOPBACK

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_PROTECTION = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Refuses requests to other hosts' names and writes from other sites, and protects the answers.

    A page of another site can make a browser send requests to this machine. If the site's name is made to resolve to
    127.0.0.1 (DNS rebinding), the browser even shows the answers to the page, but then `Host` is the site's name. A
    write from another site has an `Origin` that is not the service's.

    Args:
        app: The application behind.
        hosts: Names by which the service may be addressed besides those of the loopback interface.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {name.lower() for name in (*LOOPBACK, *hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _PROTECTION.items():
                    headers.setdefault(name, value)  # a route may be stricter
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal:
            await _refuse(*refusal, protect)
        else:
            await self._app(scope, receive, protect)

    def _refusal(self, method: str, headers: Headers) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                "this service is not reached by this name; start it with --allow-host NAME to allow another one",
            )
        if method in SAFE_METHODS:
            return None
        origin = headers.get("origin")
        from_elsewhere = origin is not None and origin.partition("://")[2] != host
        if from_elsewhere or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return HTTPStatus.FORBIDDEN, "a page of another site may not change anything here"
        return None


def _name_of(host: str) -> str:
    """Return the name in a `Host` header without its port, in lower case; empty if the header is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _refuse(status: HTTPStatus, message: str, send: Send) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
