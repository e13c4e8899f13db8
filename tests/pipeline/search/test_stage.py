"""The stage with real trainings, small: files, pruning, and the same files after a kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.search.stage import _settings_digest, run
from pipeline.train.stage import read_plan

ROOT = Path(__file__).resolve().parents[3]


def digests(layout: Layout) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(layout.out("search").iterdir())}


def start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("HEELSTRIKE_STUDY_URL", None)
    command = [sys.executable, "-m", "pipeline", "search", "disc"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def test_no_trials_writes_the_given_settings_through(params: Any, tmp_path: Path) -> None:
    layout = Layout(tmp_path, "disc")
    given = params(trials=0)
    run(given, layout)
    plan = read_plan(given.problem, layout.out("search") / "best.json")
    assert (plan.model, plan.train, plan.augment) == (given.model, given.train, given.augment)
    assert pd.read_csv(layout.out("search") / "trials.csv").empty


def test_missing_arrays_are_a_message(params: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"images\.npy does not exist; run the prepare stage first"):
        run(params(), Layout(tmp_path, "disc"))


def test_what_only_ends_or_chooses_keeps_the_study_and_what_trials_depend_on_does_not(params: Any) -> None:
    digest = _settings_digest(params())
    for kept in (
        {"trials": 99},
        {"margin": 0.5},
        {"within": 0.5},
        {"patience": 9},
        {"max_epochs": 5},
        {"max_hours": 2},
    ):
        assert _settings_digest(params(**kept)) == digest, kept
    for other in ({"rungs": 2}, {"first": [{"train.lr": 0.02}]}, {"objectives": ["error", "size"]}, {"window": 3}):
        assert _settings_digest(params(**other)) != digest, other


@pytest.mark.slow
def test_trains_trials_prunes_and_goes_on_after_kill_9(section: Any, prepared: Layout) -> None:
    written = section()
    # settings that learn, so that those that do not are worse than the median
    written["disc"]["model"]["codec"] = "softmax"
    written["disc"]["train"]["lr"] = 0.03
    (prepared.root / "params.yaml").write_text(yaml.safe_dump(written))
    process = start(prepared.root)
    # its third trial has begun: one batch is told, another is not
    while not list(prepared.work("search").glob("*/trial-2")):
        assert process.poll() is None, "the search ended before it could be killed"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not prepared.out("search").exists()
    assert start(prepared.root).wait() == 0
    after_kill = digests(prepared)

    given = parse_params(written)["disc"]
    run(given, prepared)  # every trial has ended, so only the files are written
    assert digests(prepared) == after_kill

    study = json.loads((prepared.out("search") / "study.json").read_text())
    table = pd.read_csv(prepared.out("search") / "trials.csv")
    assert list(table["number"]) == list(range(8))
    assert "pruned" in set(table["state"]), "no trial was pruned"
    # one epoch in the first rung, two in the second, three in the last
    assert set(table.loc[table["state"] == "pruned", "epochs"]) <= {1, 3}
    assert set(table.loc[table["state"] == "complete", "epochs"]) == {6}
    plan = read_plan(given.problem, prepared.out("search") / "best.json")
    assert plan.train.steps == given.train.steps, "the full training is not a trial's"
    best = study["trials"][study["best"]]
    assert best["state"] == "complete"
    assert plan.train.lr == best["params"]["train.lr"]
