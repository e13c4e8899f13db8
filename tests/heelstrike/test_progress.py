"""Progress goes to a flow's file when there is one, and to the terminal otherwise."""

import json
from pathlib import Path

import pytest

from heelstrike.progress import PROGRESS_FILE, format_fields, listening, progress


def test_a_flow_reads_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRESS_FILE, str(tmp_path / "events"))
    with progress("epochs", 2) as bar:
        bar.advance(rmse_px=1.5)
        bar.advance(rmse_px=1.25)
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [(e["done"], e["total"], e["fields"]) for e in events] == [
        (0, 2, {}),
        (1, 2, {"rmse_px": 1.5}),
        (2, 2, {"rmse_px": 1.25}),
    ]


def test_work_in_a_flows_own_process_is_heard() -> None:
    heard: list[dict] = []
    with listening(heard.append), progress("judge", 1) as bar:
        bar.advance()
    assert [(e["label"], e["done"]) for e in heard] == [("judge", 0), ("judge", 1)]


def test_a_result_reaches_a_flow_and_nobody_else(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[dict] = []
    with listening(heard.append), progress("train", 2) as bar:
        bar.advance()
        bar.record("epoch", {"epoch": 1, "loss": 0.5})
    assert (heard[-1]["record"], heard[-1]["values"], heard[-1]["done"]) == ("epoch", {"epoch": 1, "loss": 0.5}, 1)
    with progress("train", 2) as bar:
        capsys.readouterr()
        bar.record("epoch", {"epoch": 1})
    assert capsys.readouterr().err == ""


def test_a_person_sees_what_it_is_and_how_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(PROGRESS_FILE, raising=False)
    with progress("decode videos", 3) as bar:
        bar.advance(3)
    printed = capsys.readouterr().err
    assert "decode videos" in printed
    assert "3/3" in printed


def test_numbers_are_short() -> None:
    assert format_fields({"rmse_px": 0.93456, "best": "trial 3"}) == "rmse_px 0.9346  best trial 3"
