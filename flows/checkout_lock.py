"""The lock of a problem in a checkout: whoever writes the problem's data or runs its stages holds it."""

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
def problem_lock(root: Path, problem: str, command: str, *, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the problem's lock. The operating system frees it when this process dies, in whatever way.

    Args:
        root: The repository root.
        problem: The problem's name.
        command: The command that wants the lock, such as `retrain`; whoever has to wait for it is told.
        wait: If true, wait until the holder ends; otherwise refuse.
        say: Called with one line if another process holds the lock.

    Raises:
        UserError: Another process holds the lock and `wait` is false.
    """
    folder = root / ".work" / problem
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder_file = FileLock(folder / "writer.lock"), folder / "writer.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        running = f"another process works on {problem} in this checkout: {_describe(holder_file)}"
        if not wait:
            raise UserError(f"{running}; start again when it has ended, or leave out --no-wait") from None
        say(f"{running}; waiting for it to end")
        lock.acquire()
    try:
        holder = {"command": command, "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        write_json(holder_file, holder)
        yield
    finally:
        lock.release()


@contextmanager
def queue_place(root: Path, problem: str) -> Iterator[bool]:
    """Take one of the two places for scheduled retrains of a problem: one works and one waits for it.

    A third would find nothing that the waiting one does not take. The operating system frees a place when its process
    dies.

    Yields:
        False if both places are taken.
    """
    folder = root / ".work" / problem
    folder.mkdir(parents=True, exist_ok=True)
    for place in (FileLock(folder / f"queue-{number}.lock") for number in (1, 2)):
        try:
            place.acquire(timeout=0)
        except Timeout:
            continue
        try:
            yield True
        finally:
            place.release()
        return
    yield False


def _describe(holder_file: Path) -> str:
    try:
        holder = json.loads(holder_file.read_text())
        return f"{holder['command']} (process {holder['pid']} since {holder['since']})"
    except (OSError, ValueError, KeyError):
        return "an unknown command"


def record_stage(record: Path, pid: int) -> None:
    """Write down the process group of a running stage, for `await_orphan`."""
    write_json(record, {"pid": pid, "started": psutil.Process(pid).create_time()})


def await_orphan(record: Path, say: Callable[[str], None]) -> None:
    """Wait for a stage that a killed flow left running.

    DVC would start a second one beside it. The work of the first is not lost: DVC records its outputs when it ends.
    """
    try:
        stage = json.loads(record.read_text())
        process = psutil.Process(stage["pid"])
        if abs(process.create_time() - stage["started"]) < 1:
            say(f"a stage of an interrupted run is still at work (process {stage['pid']}); waiting for it to end")
            process.wait()
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        pass
    record.unlink(missing_ok=True)
