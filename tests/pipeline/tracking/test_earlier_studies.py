"""What a search could begin with, from a real store."""

import contextlib
import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.search.space import Space
from pipeline.tracking.earlier_studies import known_settings
from pipeline.tracking.results import log_training
from pipeline.tracking.runs import retrain_run
from pipeline.tracking.study import log_search
from tests.stores import finished_retrain


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path) -> Layout:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return finished_retrain(tmp_path)


def space(**model: Any) -> Space:
    section = {
        "problem": {"keypoints": ["disc"], "input": {"width": 32, "height": 32}},
        "collect": {"sources": [{"kind": "csv"}]},
        **{name: {} for name in ("validate", "split", "prepare", "evaluate", "package", "gates", "augment")},
        "measure": None,
        "model": {"name": "spatial", **model},
        "train": {"lr": 0.004},
        "search": {"space": {"train.lr": {"low": 0.0005, "high": 0.05, "log": True}}},
    }
    return Space(parse_params({"problems": ["rearfoot"], "rearfoot": section})["rearfoot"])


def remember(layout: Layout, *values: float) -> None:
    """Write a study of the network that `space` has, with these scores; a trial's rate is a thousandth of its score."""
    trials = [
        {
            "number": n,
            "state": "complete",
            "value": value,
            "params": {"train.lr": value / 1000},
            "scores": {},
            "reason": "",
        }
        for n, value in enumerate(values)
    ]
    candidates = {label: model.model_dump(mode="json") for label, model in space().candidates.items()}
    file = layout.out("search") / "study.json"
    file.write_text(json.dumps({"best": 0, "candidates": candidates, "trials": trials}))


def test_the_best_trials_of_the_last_study_and_of_those_in_mlflow(layout: Layout) -> None:
    remember(layout, 9.0, 1.0, 5.0, 3.0, 0.1)
    with retrain_run(layout) as run:
        log_search(layout, run)
        log_training(layout, run)
    remember(layout, 8.0, 1.0)
    known = known_settings(layout, space())
    assert [values["train.lr"] for values, _ in known] == [0.001, 0.008, 0.003], "0.0001 is outside of the space"
    assert [origin.split(" of ")[1][:14] for _, origin in known] == ["the last study"] * 2 + [
        known[2][1].split(" of ")[1][:14]
    ]
    assert known[2][1].endswith("in MLflow")


def test_another_network_does_not_fit(layout: Layout) -> None:
    remember(layout, 9.0, 1.0)
    assert known_settings(layout, space(width=40)) == []


def test_a_study_whose_file_is_gone_is_left_out_with_a_line(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    remember(layout, 9.0, 1.0)
    with retrain_run(layout) as run:
        log_search(layout, run)
        log_training(layout, run)
    (layout.out("search") / "study.json").unlink()
    for file in layout.root.rglob("search/study.json"):
        file.unlink()
    assert known_settings(layout, space()) == []
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "is left out" in line]
    assert re.search(
        r"search: study [0-9a-f]{8} in MLflow is left out, since search/study\.json cannot be read: ", line
    )


def test_a_champion_that_cannot_be_asked_for_is_an_error(layout: Layout) -> None:
    database = layout.root / "mlflow.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("ALTER TABLE registered_models RENAME COLUMN description TO damaged")
    with pytest.raises(UserError, match="the MLflow store answered"):
        known_settings(layout, space())
