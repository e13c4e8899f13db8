"""`heelstrike search` in a real DVC repository, with trials that are trained."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import Result

from flows.search_run import first_lines
from pipeline.layout import Layout
from pipeline.strict_yaml import parse_yaml

HEELSTRIKE = Path(sys.executable).parent / "heelstrike"
DVC = """
stages:
  search:
    foreach: ${problems}
    do:
      cmd: python -m pipeline search ${item}
      deps: ["data/${item}/prepare"]
      params: ["${item}.problem", "${item}.search", "${item}.model", "${item}.train", "${item}.augment"]
      outs: ["models/${item}/search"]
"""


@pytest.fixture
def disc(tmp_path: Path) -> Layout:
    """A repository with prepared arrays, whose only stage is the search."""
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
    section = {
        "problem": {"keypoints": ["disc"], "input": {"width": 32, "height": 32}},
        "collect": {"sources": [{"kind": "csv"}]},
        "augment": off,
        **{name: {} for name in ("validate", "split", "prepare", "evaluate", "package", "gates")},
        "measure": None,
        "model": {"name": "spatial", "width": 4, "levels": 2},
        "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 9}], "batch_size": 8, "lr": 0.01},
        "search": {"trials": 1, "epochs": 1, "images": 8, "space": {"train.lr": {"low": 0.001, "high": 0.05}}},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"problems": ["disc"], "disc": section}))
    (tmp_path / "dvc.yaml").write_text(DVC)
    layout, rng = Layout(tmp_path, "disc"), np.random.default_rng(1)
    for split in ("train", "val"):
        folder = layout.out("prepare") / split
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", rng.integers(0, 255, (8, 32, 32, 3)).astype(np.uint8))
        np.save(folder / "keypoints.npy", rng.uniform(5, 27, (8, 1, 2)).astype(np.float32))
        np.save(folder / "visibility.npy", np.full((8, 1), 2, np.uint8))
        np.save(folder / "boxes.npy", np.tile(np.array([2, 2, 28, 28], np.float32), (8, 1)))
    return layout


def search(layout: Layout, *options: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "HEELSTRIKE_EXECUTOR": "processes:1"}
    command = [str(HEELSTRIKE), "search", "disc", *options]
    return subprocess.run(command, cwd=layout.root, env=environment, capture_output=True, text=True, check=False)


def trials(layout: Layout) -> list[dict[str, Any]]:
    return list(json.loads((layout.out("search") / "study.json").read_text())["trials"])


@pytest.mark.slow
def test_a_search_runs_and_is_continued_with_the_same_first_trials(disc: Layout) -> None:
    refused = search(disc, "--continue", "--trials", "3")
    assert refused.returncode == 1
    assert "there is no study with these settings, code, packages and data" in refused.stderr
    assert yaml.safe_load((disc.root / "params.yaml").read_text())["disc"]["search"]["trials"] == 1
    ran = search(disc)
    assert ran.returncode == 0, ran.stderr
    assert "search disc: spatial" in ran.stdout
    first = trials(disc)
    assert [trial["number"] for trial in first] == [0]
    continued = search(disc, "--continue", "--trials", "3")
    assert continued.returncode == 0, continued.stderr
    assert yaml.safe_load((disc.root / "params.yaml").read_text())["disc"]["search"]["trials"] == 3
    assert trials(disc)[:1] == first
    assert len(trials(disc)) == 3
    status = subprocess.run([sys.executable, "-m", "dvc", "status"], cwd=disc.root, capture_output=True, text=True)
    assert "up to date" in status.stdout


def test_the_lines_of_a_warm_start_can_be_put_into_params() -> None:
    values = {"train.precision": "32", "train.lr": 0.00002, "model.batch_norm": True, "model.codec": "dsnt", "a": "no"}
    (line,) = first_lines([(values, "trial 1 of the last study")])
    assert "model.codec: dsnt" in line
    assert line.endswith("  # trial 1 of the last study")
    assert parse_yaml(f"first:\n{line}\n", "params.yaml") == {"first": [values]}


def test_the_command_of_a_worker_is_still_one(heelstrike: Any, tmp_path: Path) -> None:
    worker: Result = heelstrike(tmp_path, "search", "work", "--help")
    assert "Run trials of searches on other machines" in worker.stdout
    run: Result = heelstrike(tmp_path, "search", "--help")
    assert all(command in run.stdout for command in ("run", "warm-start", "work"))
