"""Limits of waiting for stores. One environment variable sets them all (docs/stores.md)."""

import contextvars
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from heelstrike.errors import UserError

LIMIT = "HEELSTRIKE_STORE_TIMEOUT"
_DEFAULT_S = 20.0
T = TypeVar("T")


def limit_s() -> float:
    """Return how long a store may take to answer one request, in seconds: HEELSTRIKE_STORE_TIMEOUT, by default 20.

    Raises:
        UserError: The variable is not a positive number.
    """
    text = os.environ.get(LIMIT, "")
    try:
        seconds = float(text) if text else _DEFAULT_S
    except ValueError:
        seconds = float("nan")
    if not 0 < seconds <= 86_400:
        raise UserError(f"{LIMIT} is {text[:40]!r}; expected seconds, more than 0 and at most 86400")
    return seconds


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of a call that must end in time.

    The call runs in a thread of its own, which is left behind if it takes too long: a library's own limit holds for
    each piece of an answer, so an answer that trickles in would never reach it.

    Args:
        seconds: The longest time to wait.
        call: Function without arguments.

    Raises:
        TimeoutError: The call has not ended in time.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no whole answer within {seconds:g} s; {LIMIT} changes this limit")
    return results[0]


def limit_postgres() -> None:
    """Limit every wait of this process for PostgreSQL, in all libraries that use psycopg2.

    libpq itself limits only the connection. A server that accepts a query and never answers would be waited for without
    an end, and options of the connection do not help while the other side's system acknowledges every packet.
    """
    os.environ.setdefault("PGCONNECT_TIMEOUT", str(max(2, round(limit_s()))))
    try:
        import psycopg2.extensions
    except ImportError:  # the library that needs it reports it
        return
    psycopg2.extensions.set_wait_callback(_wait_for_postgres)


def _wait_for_postgres(connection: Any) -> None:
    """Wait until psycopg2's running operation has ended; psycopg2 closes the connection if this raises."""
    import select

    from psycopg2 import OperationalError, extensions

    seconds = limit_s()
    deadline = time.monotonic() + seconds
    while (state := connection.poll()) != extensions.POLL_OK:
        reads = [connection.fileno()] if state == extensions.POLL_READ else []
        writes = [connection.fileno()] if state == extensions.POLL_WRITE else []
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not any(select.select(reads, writes, [], remaining)):
            raise OperationalError(f"the database gave no answer within {seconds:g} s; {LIMIT} changes this limit")
