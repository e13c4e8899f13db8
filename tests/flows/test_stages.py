"""Stages run as a flow runs them, in a real DVC repository."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from flows.stages import run_stage, stage_names
from heelstrike.errors import UserError


def silent(_: object) -> None:
    """A listener that does not care."""


def test_the_order_is_that_of_the_graph_not_of_the_file(repository: Path) -> None:
    assert stage_names(repository, "toy") == ["first@toy", "second@toy"]


def test_a_problem_without_stages_is_named(repository: Path) -> None:
    with pytest.raises(UserError, match="no stage for 'nobody'"):
        stage_names(repository, "nobody")


def test_a_stage_runs_once_and_then_only_when_something_changed(repository: Path) -> None:
    assert run_stage(repository, "first@toy", silent, silent)
    assert not run_stage(repository, "first@toy", silent, silent)
    (repository / "in.txt").write_text("better")
    assert run_stage(repository, "first@toy", silent, silent)
    assert (repository / "first.toy.txt").read_text() == "better"


def test_what_an_earlier_run_made_is_brought_back(repository: Path) -> None:
    run_stage(repository, "first@toy", silent, silent)
    (repository / "in.txt").write_text("better")
    run_stage(repository, "first@toy", silent, silent)
    (repository / "in.txt").write_text("good")
    assert run_stage(repository, "first@toy", silent, silent)
    assert "Running stage" not in (repository / ".work" / "toy" / "logs" / "first.log").read_text()
    assert (repository / "first.toy.txt").read_text() == "good"


def test_a_damaged_lock_file_is_named(repository: Path) -> None:
    (repository / "dvc.lock").write_text("]")
    with pytest.raises(UserError, match=r"(?s)dvc\.lock: not a lock file of DVC.*git checkout dvc\.lock"):
        run_stage(repository, "first@toy", silent, silent)


def test_progress_events_arrive_in_order(repository: Path) -> None:
    events: list[dict] = []
    run_stage(repository, "first@toy", events.append, silent)
    assert [(e["label"], e["done"], e["total"]) for e in events] == [("copy", 0, 1), ("copy", 1, 1)]


def test_a_failed_stage_speaks_for_itself_and_keeps_no_output(repository: Path) -> None:
    (repository / "in.txt").write_text("bad")
    with pytest.raises(UserError, match=r"(?s)^first@toy: in.txt: found bad, expected good.*first\.log"):
        run_stage(repository, "first@toy", silent, silent)
    assert not (repository / "first.toy.txt").exists()


def _slow(repository: Path) -> None:
    (repository / "work.py").write_text("import sys, time\ntime.sleep(4)\nopen(sys.argv[2], 'w').write('slow')\n")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_stage_that_the_system_kills_is_said_to_be_killed(repository: Path) -> None:
    (repository / "work.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    with pytest.raises(UserError, match="it was killed, as systems do when the memory is full; use smaller batches"):
        run_stage(repository, "first@toy", silent, silent)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_the_whole_process_group(repository: Path) -> None:
    (repository / "work.py").write_text("import time\ntime.sleep(600)\n")
    threading.Timer(4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run_stage(repository, "first@toy", silent, silent)
    left = [p for p in psutil.process_iter(["cmdline"]) if str(repository) in " ".join(p.info["cmdline"] or [])]
    assert left == []


def test_a_killed_flow_leaves_its_stage_to_the_next_one(repository: Path) -> None:
    _slow(repository)
    code = (
        "import pathlib; from flows.stages import run_stage\n"
        f"run_stage(pathlib.Path({str(repository)!r}), 'first@toy', lambda e: None, print)"
    )
    flow = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    record = repository / ".work" / "toy" / "running-stage.json"
    deadline = time.monotonic() + 30
    while not record.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    flow.kill()
    flow.wait()
    messages: list[str] = []
    assert not run_stage(repository, "first@toy", silent, messages.append)
    assert "waiting for it to end" in messages[0]
    assert (repository / "first.toy.txt").read_text() == "slow"
