"""One retrain of a problem at a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.checkout_lock import retrain_lock
from heelstrike.errors import UserError

HOLD = """
import pathlib, sys, time
from flows.checkout_lock import retrain_lock
with retrain_lock(pathlib.Path(sys.argv[1]), "toy", wait=False, say=print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_retrain_is_refused_with_who_holds_the_lock(tmp_path: Path) -> None:
    process = holder(tmp_path, 60)
    try:
        with (
            pytest.raises(UserError, match=rf"another retrain of toy is running \(process {process.pid} since 20"),
            retrain_lock(tmp_path, "toy", wait=False, say=print),
        ):
            pass
        with retrain_lock(tmp_path, "other", wait=False, say=print):
            assert process.poll() is None
    finally:
        process.kill()


def test_a_second_retrain_waits_and_says_so(tmp_path: Path) -> None:
    process = holder(tmp_path, 1.5)
    messages: list[str] = []
    with retrain_lock(tmp_path, "toy", wait=True, say=messages.append):
        assert process.wait(timeout=5) == 0
    assert len(messages) == 1
    assert "waiting for it to end" in messages[0]


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    process = holder(tmp_path, 60)
    process.kill()
    process.wait()
    messages: list[str] = []
    with retrain_lock(tmp_path, "toy", wait=False, say=messages.append):
        owner = json.loads((tmp_path / ".work" / "toy" / "retrain.json").read_text())
    assert owner["pid"] == os.getpid()
    assert messages == []
