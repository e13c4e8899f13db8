"""Signals end long work with a line on how to go on; an output that is gone does not end it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.termination import interrupted_by_termination

WORK = """
import signal, time
from pathlib import Path
import typer
from flows.terminal import resumable

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may be run by nohup, which ignores it

def work(marker: Path) -> None:
    with resumable("heelstrike retrain toy"):
        print("begun", flush=True)
        for _ in range(50):
            print("line", flush=True)
            time.sleep(0.02)
        marker.write_text("ended")

typer.run(work)
"""


def start(marker: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORK, str(marker)]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_with_how_to_go_on(number: signal.Signals, tmp_path: Path) -> None:
    process = start(tmp_path / "marker")
    time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "Continue with: heelstrike retrain toy"


def test_a_reader_that_has_gone_does_not_end_the_work(tmp_path: Path) -> None:
    process = start(tmp_path / "marker")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=20) == 0
    assert (tmp_path / "marker").read_text() == "ended"


def test_an_error_that_an_interruption_caused_is_an_interruption() -> None:
    def fail() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            raise OSError("the server has gone too") from None

    with pytest.raises(KeyboardInterrupt), interrupted_by_termination():
        fail()
    with pytest.raises(OSError, match="alone"), interrupted_by_termination():
        raise OSError("alone")
