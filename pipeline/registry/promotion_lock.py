"""One promotion at a time: MLflow moves an alias at once, but has no compare-and-swap, so we bring our own lock.

An embedded store (SQLite) is one machine's file: a file lock beside it, which a killed process loses at once. A store
that several machines share: a registered model named PROBLEM.promotion-lock, because creating a name that exists fails
on every MLflow store, atomically. A killed holder's lock is broken after `STALE_S`; promotions take about a second.
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
    """Hold the right to move the champion of one problem.

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
    seen: dict[str, str] = {}
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
        found = _holder(registry)
        if found != seen:
            # age by our own clock since we first saw this holder: clocks of machines differ
            seen, since = found, time.monotonic()
        elif found and time.monotonic() - since > STALE_S and _holder(registry) == seen:
            _release(registry)
        if time.monotonic() > until:
            raise UserError(
                f"{registry.problem}: {found.get('by', 'somebody')} is promoting and has not ended for {wait_s:.0f} s; "
                "run the same command again"
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
