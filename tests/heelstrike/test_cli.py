"""The consumer's command line as a user meets it."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import heelstrike
from heelstrike.cli import OPERATOR
from pipeline.registry.promote import promote
from tests.packages import make_package
from tests.worlds import World, world

__all__ = ["world"]

LIBRARY = Path(heelstrike.__file__).parent


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "heelstrike", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def clinic(tmp_path: Path, world: World) -> Path:
    """A registry with the champion rearfoot/1, and a picture."""
    promote(world.root, world.decision(world.candidate(1), None))
    cv2.imwrite(str(world.root / "foot.png"), np.full((120, 160, 3), 150, np.uint8))
    return world.root


@pytest.mark.parametrize("command", ["predict", "models", "serve", "doctor"])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command, "--help")
    assert done.returncode == 0
    assert f"heelstrike {command}" in done.stdout


def test_the_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout == f"heelstrike {heelstrike.__version__}\n"


def test_predict_takes_the_only_champion_and_says_what_it_measured(clinic: Path) -> None:
    done = run(clinic, "predict", "foot.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["foot.png: left 3.8°, right 3.8°", "  ✓ foot.png.json"]


def test_models_are_listed(clinic: Path, world: World) -> None:
    world.candidate(2)
    world.problem = "hand"
    world.candidate(3)
    assert run(clinic, "models").stdout.splitlines() == [
        "hand      challenger = 1  (versions 1)",
        "rearfoot  challenger = 2, champion = 1  (versions 1, 2)",
    ]


def test_a_package_folder_has_an_option_of_its_own(clinic: Path) -> None:
    make_package(clinic / "rearfoot" / "1", problem="shadow")
    done = run(clinic, "predict", "foot.png", "--package", "rearfoot/1")
    assert done.returncode == 0, done.stderr
    assert '"problem": "shadow"' in (clinic / "foot.png.json").read_text()
    assert '"version": null' in (clinic / "foot.png.json").read_text()
    run(clinic, "predict", "foot.png", "--model", "rearfoot/1")
    assert '"problem": "rearfoot"' in (clinic / "foot.png.json").read_text()
    wrong = run(clinic, "predict", "foot.png", "--model", "models/rearfoot/package")
    assert wrong.returncode == 1
    assert "A package folder is given with --package FOLDER" in wrong.stderr


def test_a_failure_is_a_message_and_the_exit_code(clinic: Path) -> None:
    done = run(clinic, "predict", "nothing.mp4")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: nothing.mp4: does not exist")
    assert "Traceback" not in done.stderr


class TestOutsideACheckout:
    """The library alone, as a wheel holds it."""

    @pytest.fixture
    def installed(self, tmp_path: Path) -> Path:
        shutil.copytree(LIBRARY, tmp_path / "site" / "heelstrike", ignore=shutil.ignore_patterns("__pycache__"))
        return tmp_path / "site"

    @pytest.mark.parametrize("arguments", [("retrain", "rearfoot"), ("grid", "run", "study", "--only", "kp4")])
    def test_an_operators_command_says_how_to_get_it(self, installed: Path, arguments: tuple[str, ...]) -> None:
        done = run(installed, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(f"Error: `{arguments[0]}`: this command needs a checkout")
        assert f"python3 -m flows.setup heelstrike {arguments[0]}" in done.stderr

    def test_help_shows_what_is_there(self, installed: Path) -> None:
        shown = run(installed, "--help").stdout
        assert "predict" in shown
        assert "retrain" not in shown


def test_the_operators_commands_are_those_that_the_library_knows_of() -> None:
    from flows.cli import app

    commands = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert {*commands, *(group.name for group in app.registered_groups)} == set(OPERATOR)
