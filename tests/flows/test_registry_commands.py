"""`rollback`, `history` and `init-from` by the command line, on a real registry."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from heelstrike.files import write_json
from pipeline.models.build import build_model, save_weights
from pipeline.params import load_params
from pipeline.registry.promote import promote
from tests.flows.conftest import write_params
from tests.packages import make_package
from tests.worlds import World

Heelstrike = Callable[..., Result]


@pytest.fixture
def twice(world: World) -> World:
    """Version 1 was promoted, then version 2; version 3 was refused."""
    for seed, failed in ((1, ()), (2, ()), (3, ("slices",))):
        promote(world.root, world.decision(world.candidate(seed), world.champion, *failed))
    return world


def test_a_rollback_says_which_version_is_champion_again(twice: World, heelstrike: Heelstrike) -> None:
    done = heelstrike(twice.root, "rollback", "rearfoot")
    assert done.exit_code == 0
    assert done.stdout == (
        "✓ rearfoot: the champion is version 1 again (its package was fetched and \n"
        "verified); version 2 was rolled back and will not be promoted again\n"
    )
    assert twice.champion == 1


def test_a_refused_rollback_is_a_message_and_moves_nothing(twice: World, heelstrike: Heelstrike) -> None:
    heelstrike(twice.root, "rollback", "rearfoot")
    done = heelstrike(twice.root, "rollback", "rearfoot")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: rearfoot: version 1 is the first champion, there is none before it to restore; "
        "retrain, or pin your consumers to a folder\n"
    )
    assert twice.champion == 1


def test_the_history_is_a_line_for_each_event_oldest_first(twice: World, heelstrike: Heelstrike) -> None:
    heelstrike(twice.root, "rollback", "rearfoot")
    lines = heelstrike(twice.root, "history", "rearfoot").stdout.splitlines()
    when, who = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  ", r"  \(\S+@\S+\)"
    for line, event in zip(
        lines,
        (
            r"promoted     version 1  champion none -> 1  .*",
            r"promoted     version 2  champion 1 -> 2  .*",
            r"refused      version 3  champion stays 2  slices: slices was made up",
            r"rolled_back  version 1  champion 2 -> 1  version 2 rolled back",
        ),
        strict=True,
    ):
        assert re.fullmatch(when + event + who, line), line


def test_a_problem_without_history_says_so_and_one_without_a_registry_where_to_look(
    world: World, tmp_path: Path, heelstrike: Heelstrike
) -> None:
    assert heelstrike(world.root, "history", "chest").stdout == "chest has no history yet.\n"
    (tmp_path / "elsewhere").mkdir()
    for command in ("history", "rollback"):
        done = heelstrike(tmp_path / "elsewhere", command, "rearfoot")
        assert done.exit_code == 1
        assert "no registry there; set MLFLOW_TRACKING_URI to the address of an MLflow server" in done.stderr


@pytest.fixture
def hand(world: World) -> World:
    """Version 1 of rearfoot has the weights of a network like that of `chest` in params.yaml, but for three outputs."""
    chest = {
        "problem": {"keypoints": ["a"]},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "regressionnet", "channels": [4], "hidden": [4]},
        "train": {"steps": [{"heads": ["keypoints"], "epochs": 1}]},
    }
    write_params(world.root, chest=chest)
    params = load_params(world.root / "params.yaml")["chest"]
    wide = params.problem.model_copy(update={"keypoints": ("a", "b", "c")})
    make_package(world.layout.out("package"))
    world.layout.out("train").mkdir(parents=True)
    save_weights(build_model(wide, params.model), world.layout.out("train") / "weights.safetensors")
    write_json(world.layout.out("train") / "settings.json", {})
    world.release(1)
    return world


def test_init_from_says_what_fits_and_what_to_put_into_params(hand: World, heelstrike: Heelstrike) -> None:
    done = heelstrike(hand.root, "init-from", "chest", "rearfoot/1")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert re.match(r"✓ chest would take \d+ of \d+ tensors", lines[0])
    assert "left, its shape is 9×4, this one's 3×4" in done.stdout
    assert "Put this into params.yaml, section chest.train:" in lines
    start = yaml.safe_load(lines[-1])["init_from"]
    assert (start["name"], start["model"], start["version"]) == ("model", "rearfoot", 1)
    assert (hand.root / "models" / "init" / f"{start['weights']}.safetensors").is_file()


def test_init_from_what_is_not_there_is_a_message(hand: World, heelstrike: Heelstrike) -> None:
    for arguments, message in (
        (("chest", "rearfoot@champion"), "rearfoot@champion: no such model"),
        (("chest", "rearfoot/7"), "rearfoot has no version 7 in sqlite"),
        (("foot", "rearfoot/1"), "params.yaml has no problem 'foot'; it has chest"),
    ):
        done = heelstrike(hand.root, "init-from", *arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr
