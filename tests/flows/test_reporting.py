"""The log of a run without a terminal."""

import logging

import pytest
from prefect import flow

from flows.reporting import LineReporter, current_reporter, reporter, show
from heelstrike.progress import listening, progress
from tests.flows.conftest import Listener


@flow(name="report")
def report() -> None:
    """A stage of four steps; ten seconds pass before the third."""
    mine = current_reporter()
    assert isinstance(mine, LineReporter)
    mine.start("train")
    with listening(lambda event: mine.event("train", event)), progress("spatial", 4) as bar:
        bar.advance(1, loss=0.5)
        bar.advance(1, loss=0.25)
        mine._last -= 10
        bar.advance(1, loss=0.125, best="yes")
        bar.advance(1, loss=0.0625)
    mine.finish("train", "best of 4")
    mine.finish("package")
    mine.say("committed")


@pytest.mark.usefixtures("prefect")
def test_starts_ends_and_now_and_then_progress_are_in_the_log_of_the_run(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "prefect"):
        report()
    lines = [(r.levelname, r.getMessage()) for r in caplog.records if r.module == "reporting"]
    assert lines == [
        ("INFO", "train started"),
        ("INFO", "train: spatial 0/4 "),
        ("INFO", "train: spatial 3/4 loss 0.125  best yes"),
        ("INFO", "train done: best of 4"),
        ("INFO", "package done"),
        ("INFO", "committed"),
    ]


def test_who_calls_the_flow_may_listen_instead(listener: Listener) -> None:
    assert current_reporter() is listener
    reporter.set(None)
    assert isinstance(current_reporter(), LineReporter)


def test_records_of_a_stage_are_not_shown() -> None:
    lines: list[str] = []
    show(LineReporter(lines.append), "search", {"record": "trial", "values": {}})
    show(LineReporter(lines.append), "search", {"label": "trials", "done": 1, "total": 2, "fields": {}})
    assert [line.strip() for line in lines] == ["search: trials 1/2"]
