"""Bodies of requests: those that are read into memory, with a limit, and those that come in pieces."""

from collections.abc import AsyncIterator, Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from heelstrike.serve.problems import RequestError

_PIECE = 1 << 20  # bytes
_MOST_JSON = 1 << 20  # bytes; the largest that is sent is a list of users


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Args:
        request: The request.
        most: Bytes that are read at most.

    Raises:
        RequestError: The body is larger, or the client went away before its end.
    """
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                raise RequestError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {most} bytes; send a smaller one"
                )
    except ClientDisconnect:
        raise RequestError(HTTPStatus.BAD_REQUEST, "the body ended too early; send it again") from None
    return bytes(body)


async def in_pieces(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the bytes in pieces of about a megabyte; a client that goes away ends them."""
    joined = bytearray()
    try:
        async for piece in pieces:
            joined += piece
            if len(joined) >= _PIECE:
                yield bytes(joined)
                joined.clear()
    except ClientDisconnect:
        pass
    if joined:
        yield bytes(joined)


class JsonRoute(APIRoute):
    """A route whose JSON is limited. FastAPI reads it whole before it asks who has sent it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def limited(request: Request) -> Response:
            body = await read_body(request, _MOST_JSON)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await answer(Request(request.scope, receive))

        return limited
