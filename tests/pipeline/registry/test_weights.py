"""Weights to start from, out of a real registry: pinned, fetched, checked."""

import shutil

import pytest
import yaml
from rich.console import Console

from flows.init_from import run_init_from
from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.layout import file_of_start
from pipeline.models.build import build_model, save_weights
from pipeline.params import load_params, parse_params
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from pipeline.registry.weights import pin, supply
from pipeline.tracking.tags import WEIGHTS_TAG
from pipeline.train.settings import ModelStart
from tests.packages import make_package


def section(start: ModelStart):
    """A problem that starts from it."""
    given = {
        "problem": {"keypoints": ["a"]},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial"},
        "train": {"init_from": start.model_dump()},
    }
    return parse_params({"problems": ["chest"], "chest": given})["chest"]


def test_the_champion_is_pinned_by_number_and_digest_and_stays_it_when_another_is_promoted(world):
    first = world.candidate(1)
    promote(world.root, world.decision(first, None))
    start = pin(world.root, "rearfoot@champion")
    weights = world.layout.out("train") / "weights.safetensors"
    assert start == ModelStart(name="model", model="rearfoot", version=1, weights=file_digest(weights))
    assert file_digest(file_of_start(world.root, start.weights)) == start.weights

    promote(world.root, world.decision(world.candidate(2), 1))
    assert pin(world.root, "rearfoot").version == 2
    shutil.rmtree(world.root / "models" / "init")
    assert supply(section(start), world.layout) == "rearfoot/1"
    assert file_digest(file_of_start(world.root, start.weights)) == start.weights
    assert supply(section(start), world.layout) is None  # there already


def test_a_reference_that_names_nothing_says_what_there_is(world):
    world.candidate(1)
    with pytest.raises(UserError, match="rearfoot@champion: no such model"):
        pin(world.root, "rearfoot@champion")
    with pytest.raises(UserError, match=r"rearfoot has no version 7 in .*; it has"):
        pin(world.root, "rearfoot/7")
    with pytest.raises(UserError, match="expected NAME@champion"):
        pin(world.root, "rear foot")


def test_other_weights_than_were_pinned_are_refused(world):
    version = world.candidate(1)
    start = pin(world.root, "rearfoot/1").model_copy(update={"weights": "0" * 64})
    with pytest.raises(UserError, match="pins the weights 000000000000 of rearfoot/1, but the registry holds"):
        supply(section(start), world.layout)

    # a registry whose files were changed
    with open_registry(world.root, "rearfoot") as registry:
        registry.tag(version.number, {WEIGHTS_TAG: "0" * 64})
    with pytest.raises(UserError, match=r"have the SHA-256 .* but 000000000000 were registered; they were changed"):
        supply(section(start), world.layout)
    assert not file_of_start(world.root, start.weights).exists()


def test_a_version_without_weights_is_a_message(world):
    version = world.candidate(1)
    with open_registry(world.root, "rearfoot") as registry:
        registry.client.delete_model_version_tag("rearfoot", str(version.number), WEIGHTS_TAG)
    with pytest.raises(
        UserError, match=r"rearfoot/1 was registered without the weights .*`heelstrike retrain rearfoot`"
    ):
        pin(world.root, "rearfoot/1")


def test_the_command_fetches_says_what_fits_and_prints_what_params_take(world, capsys):
    given = section(pin_of_nothing()).model_dump(mode="json", by_alias=True)
    given["model"] = {"name": "regressionnet", "channels": [4], "hidden": [4]}
    given["train"] = {"steps": [{"heads": ["keypoints"], "epochs": 1}]}
    (world.root / "params.yaml").write_text(yaml.safe_dump({"problems": ["chest"], "chest": given}, sort_keys=False))
    params = load_params(world.root / "params.yaml")["chest"]
    make_package(world.layout.out("package"))
    three = params.problem.model_copy(update={"keypoints": ("a", "b", "c")})
    (world.layout.out("train")).mkdir(parents=True)
    save_weights(build_model(three, params.model), world.layout.out("train") / "weights.safetensors")
    (world.layout.out("train") / "settings.json").write_text("{}")
    world.release(1)

    run_init_from("chest", "rearfoot/1", world.root, Console(width=200))
    told = capsys.readouterr().out
    network = build_model(params.problem, params.model)
    count = len(network.state_dict())
    assert f"chest would take {count - 2} of {count} tensors" in told
    assert "left, its shape is 9×4, this one's 3×4: " in told
    line = next(line for line in told.splitlines() if line.strip().startswith("init_from: "))
    given["train"] |= yaml.safe_load(line)
    start = parse_params({"problems": ["chest"], "chest": given})["chest"].train.init_from
    assert isinstance(start, ModelStart)
    assert (start.model, start.version) == ("rearfoot", 1)
    assert file_digest(file_of_start(world.root, start.weights)) == start.weights

    with pytest.raises(UserError, match=r"params\.yaml has no problem 'foot'; it has chest"):
        run_init_from("foot", "rearfoot/1", world.root, Console())


def pin_of_nothing():
    """A start that nothing looks at."""
    return ModelStart(name="model", model="rearfoot", version=1, weights="0" * 64)
