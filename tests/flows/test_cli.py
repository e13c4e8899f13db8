"""The command line as a user meets it: help, messages, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HEELSTRIKE = [sys.executable, "-m", "heelstrike"]


def heelstrike(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*HEELSTRIKE, *arguments], cwd=folder, capture_output=True, text=True, check=False)


COMMANDS = ["retrain", "ingest", "predict", "rollback", "history", "params", "init-from", "crossval"]


@pytest.mark.parametrize("command", [*COMMANDS, "grid run", "grid table", "grid cost", "grid list"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = heelstrike(ROOT, *command.split(), "--help")
    assert done.returncode == 0
    assert f"heelstrike {command}" in done.stdout


def test_params_prints_what_is_in_force() -> None:
    printed = yaml.safe_load(heelstrike(ROOT, "params").stdout)
    assert printed["rearfoot"]["train"]["batch_size"] > 0


def test_the_schema_is_json() -> None:
    assert "properties" in json.loads(heelstrike(ROOT, "params", "--schema").stdout)


def test_a_wrong_params_file_is_a_message_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("problems: [toy]\ntoy: {model: {name: spatial}}\n")
    done = heelstrike(tmp_path, "params")
    assert done.returncode == 1
    assert "toy.problem: Field required" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_retrain_says_how_to_go_on(tmp_path: Path) -> None:
    done = heelstrike(tmp_path, "retrain", "rearfoot")
    assert done.returncode == 1
    assert "params.yaml: not there" in done.stderr
    assert "Go on from there with: heelstrike retrain rearfoot" in done.stderr


def test_prediction_without_a_registry_says_what_to_do(tmp_path: Path) -> None:
    done = heelstrike(tmp_path, "predict", "walk.mp4", "--model", "rearfoot@champion")
    assert done.returncode == 1
    assert "no registry there" in done.stderr


def test_grids_are_listed_with_their_rows() -> None:
    listed = heelstrike(ROOT, "grid", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        ["footprint", "4"],
        ["stickfigure", "28"],
        ["study", "49"],
        ["tone", "12"],
        ["transfer", "pairs"],
    ]


def test_a_grid_without_data_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    done = heelstrike(tmp_path, "grid", "run", "study", "--only", "kp4")
    assert done.returncode == 1
    assert "run `dvc repro` first" in done.stderr
    assert "Go on from there with: heelstrike grid run study" in done.stderr
