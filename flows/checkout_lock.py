"""One retrain of a problem at a time in one checkout: the second waits, or says why not."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from heelstrike.errors import UserError
from heelstrike.files import write_json


@contextmanager
def retrain_lock(root: Path, problem: str, *, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the problem's lock; the operating system frees it when this process dies, however it dies.

    Args:
        root: The repository root.
        problem: The problem's name.
        wait: Wait for a running retrain to end.
        say: Called with one line when there is something to wait for.

    Raises:
        UserError: Another retrain holds the lock and `wait` is false.
    """
    folder = root / ".work" / problem
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / "retrain.lock"), folder / "retrain.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        other = f"another retrain of {problem} is running ({_describe(holder)})"
        if not wait:
            raise UserError(f"{other}; start again when it has ended, or leave out --no-wait") from None
        say(f"{other}; waiting for it to end")
        lock.acquire()
    try:
        write_json(holder, {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")})
        yield
    finally:
        lock.release()


def _describe(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text())
        return f"process {known['pid']} since {known['since']}"
    except (OSError, ValueError, KeyError):
        return "process unknown"


def record_stage(record: Path, pid: int) -> None:
    """Remember the process group of a running stage, for `await_orphan`."""
    write_json(record, {"pid": pid, "started": psutil.Process(pid).create_time()})


def await_orphan(record: Path, say: Callable[[str], None]) -> None:
    """Wait for a stage that a killed flow left running.

    DVC would start a second one beside it. Its work is not lost: DVC commits it when it ends.
    """
    try:
        known = json.loads(record.read_text())
        process = psutil.Process(known["pid"])
        if abs(process.create_time() - known["started"]) < 1:
            say(f"a stage of an interrupted run is still at work (process {known['pid']}); waiting for it to end")
            process.wait()
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        pass
    record.unlink(missing_ok=True)
