"""Bodies of requests that are read into memory."""

import asyncio

import pytest
from fastapi import Request
from starlette.types import Message

from heelstrike.serve.bodies import read_body
from heelstrike.serve.problems import RequestError


def request(*messages: Message) -> Request:
    pending = iter(messages)

    async def receive() -> Message:
        return next(pending)

    return Request({"type": "http"}, receive)


def piece(body: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_is_read_up_to_its_limit() -> None:
    assert asyncio.run(read_body(request(piece(b"abc", True), piece(b"d", False)), 4)) == b"abcd"
    with pytest.raises(RequestError, match="more than 4 bytes"):
        asyncio.run(read_body(request(piece(b"abcde", True)), 4))  # the rest is not waited for


def test_a_client_that_goes_away_is_no_fault() -> None:
    with pytest.raises(RequestError, match="ended too early"):
        asyncio.run(read_body(request(piece(b"a", True), {"type": "http.disconnect"}), 4))
