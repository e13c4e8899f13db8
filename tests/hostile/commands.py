"""Runs a command with a fault, then again without it, and checks both: what every fault has in common."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.checks import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
_INJECT = Path(__file__).with_name("inject")
_CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, 128 + signal.SIGSEGV, 128 + signal.SIGABRT}
_ASIDES = re.compile(r"\.aside$|\.old$|\.heelstrike-taken$|\.part$|\.tmp$")


@dataclass(frozen=True)
class Fault:
    """A fault at a named point of a command.

    Attributes:
        point: `module|function|before or after|n-th call`, as `inject/sitecustomize.py` explains it.
        action: What happens there.
        says: A regular expression for the message of the command if the fault makes it fail with one. A command that is
            killed says nothing, and one that is only delayed does not fail: it is `None` for both.
        quick: True for the faults that CI tries.
        of_worker: True if the fault is in a worker process, which the command replaces when it is killed.
    """

    point: str
    action: str
    says: str | None = None
    quick: bool = False
    of_worker: bool = False

    @property
    def name(self) -> str:
        """The name of its test."""
        return re.sub(r"[^\w.]+", "-", f"{self.action} {self.point}")


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit status and everything that it printed."""

    status: int
    output: str


@dataclass(frozen=True)
class World:
    """Where a command is run, and how its outcome is seen.

    Attributes:
        folder: The working folder, which the test may change.
        command: The command.
        environment: Beside this process's own.
        state: The state that an undisturbed run leaves, comparable with that of another folder.
        lost: What of the user's is neither in its place nor safe elsewhere; empty if nothing is lost.
        half_written: Outputs that exist and are not whole.
        limit_s: A command that takes longer hangs.
    """

    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    state: Callable[[Path], Any]
    lost: Callable[[Path], Any]
    half_written: Callable[[Path], Any]
    limit_s: float = 60

    def run(self, fault: Fault | None = None) -> Done:
        """Run the command; a hang, a crash of the interpreter or a traceback is a failure of the test."""
        mark = self.folder.parent / "fault-was-reached"
        environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | self.environment
        environment["PYTHONPATH"] = f"{_INJECT}{os.pathsep}{ROOT}"
        if fault is not None:
            environment |= {"FAULT": f"{fault.point}|{fault.action}", "FAULT_MARK": str(mark)}
        process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            pytest.fail(f"hangs: {' '.join(self.command)} has not ended after {self.limit_s} s; it said:\n{output}")
        assert fault is None or mark.exists(), f"the point {fault.point} was never reached:\n{output}"
        assert process.returncode not in _CRASHES, f"the process crashed ({process.returncode}):\n{output}"
        assert "Traceback (most recent call last)" not in output, f"a traceback:\n{output}"
        assert PASSWORD not in output, f"a password is shown:\n{output}"
        return Done(process.returncode, output)


def check_fault(world: World, fault: Fault, right: Any) -> None:
    """Run a command with a fault and again without it, which has to end as if nothing had happened.

    Args:
        world: Where the command is run.
        fault: The fault.
        right: The state that an undisturbed run leaves.
    """
    broken = world.run(fault)
    assert not world.lost(world.folder), f"lost: {world.lost(world.folder)}\n{broken.output}"
    half = world.half_written(world.folder)
    assert not half, f"half-written: {half}\n{broken.output}"
    if fault.says is not None:
        assert broken.status > 0, f"it did not fail, but the fault is an error:\n{broken.output}"
        assert re.search(fault.says, broken.output, re.DOTALL), f"the output lacks {fault.says!r}:\n{broken.output}"
    elif fault.action == "kill":
        assert (broken.status == 0) == fault.of_worker, broken.output
    elif fault.action.split()[0] in ("sleep", "pause", "sh"):
        assert broken.status == 0, f"exit status {broken.status}:\n{broken.output}"
    again = world.run()
    assert again.status == 0, f"the same command fails afterwards ({again.status}):\n{again.output}"
    assert not world.lost(world.folder), f"lost by the second run: {world.lost(world.folder)}\n{again.output}"
    left = [str(path) for path in world.folder.rglob("*") if _ASIDES.search(path.name) and ".git" not in path.parts]
    assert not left, f"unfinished files are left: {left}"
    state = world.state(world.folder)
    assert state == right, f"the second run ends as {state}, an undisturbed run as {right}\n{again.output}"


def faults(entries: list[Fault]) -> pytest.MarkDecorator:
    """Make a test of each fault; all but the quick ones are slow."""
    return pytest.mark.parametrize(
        "fault",
        [pytest.param(entry, id=entry.name, marks=() if entry.quick else pytest.mark.slow) for entry in entries],
    )
