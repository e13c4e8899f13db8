"""The lines of a flow without a terminal."""

import io
import re
import time

import pytest
from rich.console import Console

from flows import log_display
from flows.display import StageDisplay
from flows.grid_display import grid_display_for
from flows.log_display import LogDisplay, display_for
from heelstrike.progress import Event, progress

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "


def event(done: int) -> Event:
    return Event(label="train joint", done=done, total=3, fields={"loss": 0.5}, time=0.0)


def lines(text: str) -> list[str]:
    """The lines without their times, which each of them must have."""
    assert all(re.match(TIME, line) for line in text.splitlines())
    return [re.sub(TIME, "", line) for line in text.splitlines()]


def test_starts_ends_and_progress_are_lines_with_times(capsys: pytest.CaptureFixture[str]) -> None:
    with LogDisplay() as display:
        display.start("collect")
        display.finish("collect", "unchanged")
        display.start("train")
        for done in (1, 2, 3):
            display.event("train", event(done))
        display.finish("train")
        display.say("walk [left].mp4 is left in the inbox, " + "for a long reason " * 20)
    printed = lines(capsys.readouterr().out)
    assert printed[:5] == [
        "collect started",
        "collect done: unchanged",
        "train started",
        "train: train joint 1/3 loss 0.5",
        "train done: 3/3 loss 0.5",
    ]
    assert printed[5].startswith("walk [left].mp4 is left in the inbox, for a long reason for")
    assert len(printed) == 6


def test_the_rows_of_a_grid_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with grid_display_for(Console(file=io.StringIO())) as display:
        display.start("kp4")
        display.event("kp4", event(1))
        display.finish("kp4", {"state": "failed", "message": "it diverged"}, False)
    assert lines(capsys.readouterr().out) == [
        "kp4 started",
        "kp4: train joint 1/3 loss 0.5",
        "✗ kp4        it diverged",
    ]


def test_a_long_stage_prints_a_line_every_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_display, "_STILL_RUNNING_S", 0.1)
    with pytest.raises(KeyboardInterrupt), LogDisplay() as display:
        display.start("validate")
        display.event("validate", event(1))
        time.sleep(0.35)
        raise KeyboardInterrupt
    printed = lines(capsys.readouterr().out)
    assert printed.count("validate is still running 1/3 loss 0.5") >= 2
    assert printed[-1] == "validate did not end"


def test_a_terminal_keeps_its_live_display() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(display_for(Console(file=Terminal())), StageDisplay)
    assert isinstance(display_for(Console(file=io.StringIO())), LogDisplay)


def test_a_stage_by_hand_prints_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("decode", 3) as bar:
        for _ in range(3):
            bar.advance(1, loss=0.25)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert lines(printed.err) == ["decode: 0/3", "decode: 3/3 loss 0.25"]
