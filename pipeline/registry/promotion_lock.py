"""A lock for one promotion at a time: MLflow moves an alias atomically, but has no compare-and-swap.

An embedded store (SQLite) is a file of one machine. Its lock is a file lock beside it, which is released when the
process is killed. In a store that several machines share, the lock is a registered model named PROBLEM.promotion-lock:
on every MLflow store, creating a name that exists fails atomically. The lock of a killed holder is broken after
`STALE_S`; promotions take about a second.
"""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from heelstrike.errors import UserError
from heelstrike.stores import is_local_file
from pipeline.registry.store import Registry

STALE_S = 60.0
_WAIT_S = 90.0
_POLL_S = 0.2


@contextmanager
def promotion_lock(registry: Registry, wait_s: float = _WAIT_S) -> Iterator[None]:
    """Hold the lock for moving the champion of one problem.

    Raises:
        UserError: Somebody else held it for longer than `wait_s`.
    """
    if is_local_file(registry.uri):
        file = Path(registry.uri.split(":///", 1)[-1] + f".{registry.problem}.lock")
        try:
            with FileLock(file, timeout=wait_s):
                yield
        except Timeout:
            raise UserError(
                f"{file}: another promotion of {registry.problem} holds it; try again when it ends"
            ) from None
        return
    token = _acquire(registry, wait_s)
    try:
        yield
    finally:
        if _holder(registry).get("token") == token:
            _release(registry)


def _name(registry: Registry) -> str:
    return f"{registry.problem}.promotion-lock"


def _acquire(registry: Registry, wait_s: float) -> str:
    from mlflow.exceptions import MlflowException

    token, until = uuid.uuid4().hex, time.monotonic() + wait_s
    last_seen: dict[str, str] = {}
    since = time.monotonic()
    while True:
        holder = {"token": token, "by": f"{socket.gethostname()}:{os.getpid()}"}
        try:
            registry.client.create_registered_model(
                _name(registry), description=json.dumps(holder) + " — a promotion in progress; not a model"
            )
            return token
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        current = _holder(registry)
        if current != last_seen:
            # the age is measured by our own clock since we first saw this holder, as clocks of machines differ
            last_seen, since = current, time.monotonic()
        elif current and time.monotonic() - since > STALE_S and _holder(registry) == last_seen:
            _release(registry)
        if time.monotonic() > until:
            raise UserError(
                f"{registry.problem}: {current.get('by', 'somebody')} is promoting and has not ended for {wait_s:.0f} s"
                "; run the same command again"
            )
        time.sleep(_POLL_S)


def _holder(registry: Registry) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    try:
        text = registry.client.get_registered_model(_name(registry)).description or "{}"
    except MlflowException:
        return {}
    return dict(json.loads(text.split(" — ")[0]))


def _release(registry: Registry) -> None:
    from mlflow.exceptions import MlflowException

    try:
        registry.client.delete_registered_model(_name(registry))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
