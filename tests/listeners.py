"""Listeners that accept a connection and then do what a broken store does."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
_REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nboom"


def _page(kind: bytes, body: bytes, length: int = 0) -> bytes:
    return _HEAD % (kind, length or len(body)) + body


ANSWERS = {
    "garbage": b"\x00\xff\x13SSH-2.0-OpenSSH\r\n\r\n",
    "closed": b"",
    "page": _page(b"text/html", b"<html><p>Welcome</html>"),
    "redirect": _REDIRECT,
    "failure": _FAILURE,
    "half": _page(b"application/json", b'{"registered_models": [', 500),
    "broken json": _page(b"application/json", b'{"registered_models": [{"na'),
    "other json": _page(b"application/json", b'{"registered_models": 5, "version": {"a": 1}}'),
    "other entries": _page(b"application/json", b'{"registered_models": [{"title": 1}]}'),
    "deep json": _page(b"application/json", b"[" * 100_000),
}
"""What a listener sends back at once, by the name of its behaviour, before it closes the connection."""

BEHAVIOURS = ("silent", "trickle", *ANSWERS)


@contextmanager
def listener(behaviour: str) -> Iterator[int]:
    """Listen on a loopback port until the block ends.

    Args:
        behaviour: `silent` never sends anything, `trickle` sends a byte of an endless header every 50 ms, and the names
            in `ANSWERS` send that answer.

    Yields:
        The port.
    """
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            if behaviour in ANSWERS:
                connection.recv(65536)
                connection.sendall(ANSWERS[behaviour])
            if behaviour == "trickle":
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while behaviour not in ANSWERS and not ended.is_set():
                if behaviour == "trickle":
                    connection.sendall(b"x")
                time.sleep(0.05)

    def serve_quietly(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the other side has closed
            serve(connection)

    def accept(server: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve_quietly, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
