"""One writer of a problem at a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.checkout_lock import problem_lock, queue_place
from heelstrike.errors import UserError

HOLD = """
import pathlib, sys, time
from flows.checkout_lock import problem_lock, queue_place
with problem_lock(pathlib.Path(sys.argv[1]), "toy", "ingest", wait=False, say=print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_refused_with_who_holds_the_lock(tmp_path: Path) -> None:
    process = holder(tmp_path, 60)
    try:
        with (
            pytest.raises(
                UserError,
                match=rf"another process works on toy in this checkout: ingest \(process {process.pid} since 20",
            ),
            problem_lock(tmp_path, "toy", "retrain", wait=False, say=print),
        ):
            pass
        with problem_lock(tmp_path, "other", "retrain", wait=False, say=print):
            assert process.poll() is None
    finally:
        process.kill()


def test_a_second_writer_waits_and_says_so(tmp_path: Path) -> None:
    process = holder(tmp_path, 1.5)
    messages: list[str] = []
    with problem_lock(tmp_path, "toy", "retrain", wait=True, say=messages.append):
        assert process.wait(timeout=5) == 0
    assert len(messages) == 1
    assert "waiting for it to end" in messages[0]


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    process = holder(tmp_path, 60)
    process.kill()
    process.wait()
    messages: list[str] = []
    with problem_lock(tmp_path, "toy", "retrain", wait=False, say=messages.append):
        owner = json.loads((tmp_path / ".work" / "toy" / "writer.json").read_text())
    assert owner["pid"] == os.getpid()
    assert messages == []


def test_one_scheduled_retrain_works_and_one_waits(tmp_path: Path) -> None:
    with queue_place(tmp_path, "toy") as works:
        with queue_place(tmp_path, "toy") as waits, queue_place(tmp_path, "toy") as third:
            assert (works, waits, third) == (True, True, False)
            with queue_place(tmp_path, "other") as other:
                assert other
        with queue_place(tmp_path, "toy") as next_one:
            assert next_one
