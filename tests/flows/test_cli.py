"""The command line as a user meets it: help, messages, exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
import yaml
from click.testing import Result

from heelstrike.terminal import messages

ROOT = Path(__file__).parents[2]
HEELSTRIKE = Path(sys.executable).parent / "heelstrike"
COMMANDS = ["demo", "retrain", "ingest", "predict", "rollback", "history", "params", "init-from", "crossval"]

Heelstrike = Callable[..., Result]


def test_help_answers_at_once_and_names_every_command() -> None:
    """In a process of its own, as a shell starts it."""
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [str(HEELSTRIKE), "--help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert all(f" {command} " in done.stdout for command in (*COMMANDS, "grid"))
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "mlflow", "prefect", "dvc", "cv2", "pandas"}


@pytest.mark.parametrize(
    "command", [*COMMANDS, "grid run", "grid table", "grid cost", "grid list", "search warm-start", "search work"]
)
def test_every_command_has_help_with_an_example(command: str, heelstrike: Heelstrike) -> None:
    done = heelstrike(ROOT, *command.split(), "--help")
    assert done.exit_code == 0
    assert f"heelstrike {command}" in done.stdout


def test_params_prints_what_is_in_force(heelstrike: Heelstrike) -> None:
    printed = yaml.safe_load(heelstrike(ROOT, "params").stdout)
    assert printed["rearfoot"]["train"]["batch_size"] > 0


def test_the_schema_is_json(heelstrike: Heelstrike) -> None:
    assert "properties" in json.loads(heelstrike(ROOT, "params", "--schema").stdout)


def test_a_wrong_params_file_is_a_message(tmp_path: Path, heelstrike: Heelstrike) -> None:
    (tmp_path / "mine.yaml").write_text("problems: [toy]\ntoy: {model: {name: spatial}}\n")
    done = heelstrike(tmp_path, "params", "--file", "mine.yaml")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "toy.problem: Field required" in done.stderr


def test_a_retrain_that_has_not_begun_is_not_continued(tmp_path: Path, heelstrike: Heelstrike) -> None:
    done = heelstrike(tmp_path, "retrain", "rearfoot")
    assert done.exit_code == 1
    assert "params.yaml: not there" in done.stderr
    assert "Continue with" not in done.stderr


def test_an_interruption_says_that_nothing_is_lost_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, messages("heelstrike retrain rearfoot"):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err.split("\n")[1:3] == [
        "Interrupted. Finished work is kept.",
        "Continue with: heelstrike retrain rearfoot",
    ]


def test_a_file_that_cannot_be_read_is_a_message(tmp_path: Path, heelstrike: Heelstrike) -> None:
    (tmp_path / "params.yaml").mkdir()
    done = heelstrike(tmp_path, "params")
    assert (done.exit_code, done.stderr) == (1, "Error: Is a directory: params.yaml\n")


def test_several_problems_need_a_name(tmp_path: Path, heelstrike: Heelstrike) -> None:
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["rearfoot"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"problems": ["a", "b"], "a": section, "b": section}))
    done = heelstrike(tmp_path, "ingest")
    assert done.exit_code == 1
    assert "params.yaml has more than one problem (a, b); name one of them" in done.stderr


def test_prediction_without_a_registry_says_what_to_do(tmp_path: Path, heelstrike: Heelstrike) -> None:
    done = heelstrike(tmp_path, "predict", "walk.mp4", "--model", "rearfoot@champion")
    assert done.exit_code == 1
    assert "no registry there" in done.stderr


def test_grids_are_listed_with_their_rows(heelstrike: Heelstrike) -> None:
    listed = heelstrike(ROOT, "grid", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        ["footprint", "4"],
        ["stickfigure", "28"],
        ["study", "49"],
        ["tone", "12"],
        ["transfer", "pairs"],
    ]


def test_a_grid_without_data_says_what_to_run(tmp_path: Path, heelstrike: Heelstrike) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    done = heelstrike(tmp_path, "grid", "run", "study", "--only", "kp4", "--problem", "rearfoot")
    assert done.exit_code == 1
    assert "run `dvc repro` first" in done.stderr
    assert "Continue with: heelstrike grid run study" in done.stderr
