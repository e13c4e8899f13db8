"""The stages of dvc.yaml as a flow runs them: in the order of the graph, each in a process group of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flows.checkout_lock import await_orphan, record_stage
from flows.versioning import attempts, is_locked
from heelstrike.errors import UserError
from heelstrike.progress import PROGRESS_FILE, Event
from pipeline.dvc_lock import locked_stages

_TERMINATION = re.compile(r"exited with (-15|143)\b")
_TERMINATED = "it was ended by SIGTERM; the same command goes on from there"
_KILL = re.compile(r"exited with (-9|137)\b")  # DVC's words; 137 is what a shell makes of SIGKILL
_KILLED = "it was killed, as systems do when the memory is full; use smaller batches, fewer workers or smaller images"


def stage_names(root: Path, problem: str) -> list[str]:
    """Return the addresses of the problem's stages in dvc.yaml, dependencies first: `collect@rearfoot`, ...

    Raises:
        UserError: dvc.yaml is missing or wrong, or has no stage for the problem.
    """
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            # an edge points from a stage to a stage that it depends on
            order = list(networkx.topological_sort(repo.index.graph.reverse()))
    except DvcException as error:
        raise UserError(f"dvc.yaml cannot be read: {error}") from error
    # not `addressing`, which depends on the working directory; data added by `dvc add` has no name
    names = [name for stage in order if (name := getattr(stage, "name", "")).endswith(f"@{problem}")]
    if not names:
        raise UserError(f"dvc.yaml has no stage for {problem!r}; is it in `problems` of params.yaml?")
    return names


def run_stage(root: Path, address: str, on_event: Callable[[Event], None], say: Callable[[str], None]) -> bool:
    """Run one stage with `dvc repro --single-item` and pass its progress events to `on_event`.

    DVC decides whether the stage must run. The child has a process group of its own, which is killed as a whole when
    this process is interrupted: killing dvc alone would leave the stage running. If this process is itself killed, the
    stage continues, and the next call waits for it.

    Returns:
        True if the stage's entry in dvc.lock has changed: the stage ran, or DVC restored the outputs of an earlier run
        on the same inputs. False if no input had changed.

    Raises:
        UserError: The stage failed; the message is the stage's own, and names its log. Or dvc.lock is damaged.
    """
    stage, problem = address.split("@")
    logs = root / ".work" / problem / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    log, events = logs / f"{stage}.log", logs / f"{stage}.progress"
    running = logs.parent / "running-stage.json"
    await_orphan(running, say)
    before = locked_stages(root).get(address)
    for _ in attempts(root, "dvc"):
        returned = _reproduce(root, address, log, events, running, on_event)
        output = log.read_text(errors="replace")
        if returned == 0 or not is_locked(output):
            break
    if returned != 0:
        raise UserError(f"{_failure(output, address)}\n(whole output: {log.relative_to(root)})")
    return locked_stages(root).get(address) != before


def _reproduce(
    root: Path, address: str, log: Path, events: Path, running: Path, on_event: Callable[[Event], None]
) -> int:
    """Run `dvc repro` of one stage with its output in `log`, and return its exit status."""
    events.write_text("")
    environment = os.environ | {
        PROGRESS_FILE: str(events),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", address]
    with log.open("w") as output:
        child = subprocess.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            record_stage(running, child.pid)
            _follow(child, events, on_event)
        except BaseException:
            _kill_group(child)
            raise
        finally:
            running.unlink(missing_ok=True)
    return child.returncode


def _follow(child: "subprocess.Popen[bytes]", events: Path, on_event: Callable[[Event], None]) -> None:
    """Pass events on as they are appended to the file, until the child ends."""
    with events.open() as stream:
        unfinished = ""
        while True:
            ended = child.poll() is not None
            for line in stream:
                unfinished += line
                if unfinished.endswith("\n"):
                    on_event(json.loads(unfinished))
                    unfinished = ""
            if ended:
                return
            time.sleep(0.1)


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    """Terminate the child's whole process group, and kill it if it has not ended after five seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _failure(text: str, address: str) -> str:
    """Return a failed stage's own message if its output has one, otherwise the end of the output."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{address}:")), None)
    if start is None:
        causes = {_KILL: _KILLED, _TERMINATION: _TERMINATED}
        ended = [cause for pattern, cause in causes.items() if any(map(pattern.search, lines))]
        return "\n".join([*lines[-15:], *ended]) or f"{address} failed without any output"
    return "\n".join(line for line in lines[start:] if not line.startswith("ERROR: failed to reproduce"))
