"""The stages of dvc.yaml as a flow runs them: in graph order, one child process group each, followed while they run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flows.checkout_lock import await_orphan, record_stage
from heelstrike.errors import UserError
from heelstrike.progress import PROGRESS_FILE, Event
from pipeline.dvc_lock import locked_stages


def stage_names(root: Path, problem: str) -> list[str]:
    """Addresses of the problem's stages, dependencies first, as dvc.yaml states them: `collect@rearfoot`, ...

    Raises:
        UserError: dvc.yaml is missing or wrong, or has no stage for the problem.
    """
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            # an edge points from a stage to what it depends on
            order = list(networkx.topological_sort(repo.index.graph.reverse()))
    except DvcException as error:
        raise UserError(f"dvc.yaml cannot be read: {error}") from error
    # `name`, not `addressing`: that depends on the working directory. What `dvc add` made has no name.
    names = [name for stage in order if (name := getattr(stage, "name", "")).endswith(f"@{problem}")]
    if not names:
        raise UserError(f"dvc.yaml has no stage for {problem!r}; is it in `problems` of params.yaml?")
    return names


def run_stage(root: Path, address: str, on_event: Callable[[Event], None], say: Callable[[str], None]) -> bool:
    """Run one stage with `dvc repro --single-item`, feeding its progress events to `on_event`.

    DVC decides whether there is anything to do; its cache is the only one. The child has a process group of its own,
    which is killed as a whole when this process is interrupted: killing dvc alone would leave the stage running. When
    this process is itself killed, the stage runs on, and the next call waits for it.

    Returns:
        Whether dvc.lock has another entry for the stage than before: the stage ran, or DVC brought back what an earlier
        run on the same inputs had made. False when nothing had changed.

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
    if child.returncode != 0:
        failure = _failure(log.read_text(errors="replace"), address)
        raise UserError(f"{failure}\n(whole output: {log.relative_to(root)})")
    return locked_stages(root).get(address) != before


def _follow(child: "subprocess.Popen[bytes]", events: Path, on_event: Callable[[Event], None]) -> None:
    """Pass on events as they are appended until the child ends."""
    with events.open() as stream:
        part = ""
        while True:
            ended = child.poll() is not None
            for line in stream:
                part += line
                if part.endswith("\n"):
                    on_event(json.loads(part))
                    part = ""
            if ended:
                return
            time.sleep(0.1)


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    """End the child's whole process group: asked first, killed after five seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _failure(text: str, address: str) -> str:
    """What a failed stage said: its own message where it gave one, else the end of its output."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{address}:")), None)
    if start is None:
        return "\n".join(lines[-15:]) or f"{address} failed without a word"
    return "\n".join(line for line in lines[start:] if not line.startswith("ERROR: failed to reproduce"))
