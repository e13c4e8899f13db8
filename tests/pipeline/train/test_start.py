"""Initial weights of a training: their digest is checked, and nothing else of the training changes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.layout import Layout, file_of_start
from pipeline.models.build import build_model, load_trained, save_weights
from pipeline.params import parse_params
from pipeline.train.data import seed_of
from pipeline.train.fit import Plan, fit
from pipeline.train.settings import ImageNetStart, ModelStart
from pipeline.train.stage import run, training_digest


def store_weights(network: torch.nn.Module, root: Path) -> str:
    """Store a network's weights where trainings find them, and return their digest."""
    file = root / "weights.safetensors"
    save_weights(network, file)  # type: ignore[arg-type]
    digest = file_digest(file)
    file_of_start(root, digest).parent.mkdir(parents=True, exist_ok=True)
    file.rename(file_of_start(root, digest))
    return digest


def starting(plan: Plan, digest: str) -> Plan:
    start = ModelStart(name="model", model="hand", version=4, weights=digest)
    return plan.model_copy(update={"train": plan.train.model_copy(update={"init_from": start})})


def test_starting_from_the_weights_that_it_draws_anyway_changes_no_bit_and_from_trained_ones_it_is_ahead(
    plan: Any, train: Any, val: Any, tmp_path: Path
) -> None:
    given, train, val = plan(), train.subset(range(24)), val.subset(range(8))
    torch.manual_seed(seed_of(given.train.seed))
    digest = store_weights(build_model(given.problem, given.model), tmp_path)
    whole = fit(given, train, val, tmp_path / "nothing")
    again = fit(starting(given, digest), train, val, tmp_path / "same", root=tmp_path)
    assert again.history == whole.history
    assert whole.pretrained is None
    assert again.pretrained is not None
    assert again.pretrained.parameters == again.pretrained.of_parameters
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    later = fit(starting(given, store_weights(whole.network, tmp_path)), train, val, tmp_path / "later", root=tmp_path)
    assert later.history[0]["val_rmse_px"] < whole.history[0]["val_rmse_px"]


def test_the_stage_says_what_it_started_from(
    plan: Any, prepared: Layout, write_best: Any, train: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    given = plan(steps=({"heads": ["box", "keypoints"], "epochs": 1},))
    digest = store_weights(build_model(given.problem, given.model), prepared.root)
    write_best(prepared, starting(given, digest))
    section = {"problem": given.problem.model_dump(), "collect": {"sources": [{"kind": "csv"}]}}
    params = parse_params({"problems": ["discs"], "discs": section | {"model": {"name": "spatial"}}})["discs"]
    run(params, prepared)
    summary = json.loads((prepared.out("train") / "summary.json").read_text())["init_from"]
    assert summary["started_from"].startswith("hand/4: ")
    assert summary["parameters"] == summary["of_parameters"] > 0
    assert summary["left"] == {}
    assert f"started from {summary['started_from']}" in capsys.readouterr().out
    assert load_trained(prepared.out("train"))


def test_other_weights_are_another_training(plan: Any, prepared: Layout) -> None:
    digests = {training_digest(starting(plan(), letter * 64), prepared.out("prepare")) for letter in "ab"}
    assert len(digests | {training_digest(plan(), prepared.out("prepare"))}) == 3


def test_missing_and_changed_weights_are_one_message_that_says_how_to_get_them(
    plan: Any, train: Any, val: Any, tmp_path: Path
) -> None:
    given = plan()
    with pytest.raises(UserError, match=r"weights of hand/4, .* are not there; `heelstrike init-from PROBLEM hand/4`"):
        fit(starting(given, "0" * 64), train, val, tmp_path / "a", root=tmp_path)
    digest = store_weights(build_model(given.problem, given.model), tmp_path)
    with file_of_start(tmp_path, digest).open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(UserError, match=r"was changed, its SHA-256 is .*delete it"):
        fit(starting(given, digest), train, val, tmp_path / "b", root=tmp_path)


def test_imagenet_needs_an_encoder(plan: Any) -> None:
    given = plan()
    data = given.model_dump() | {"train": given.train.model_dump() | {"init_from": {"name": "imagenet"}}}
    with pytest.raises(ValidationError, match="init_from is imagenet, but no part of 'spatial' is an encoder"):
        Plan.model_validate(data)
    unet = Plan.model_validate(
        data | {"model": {"name": "unet"}, "train": data["train"] | {"steps": [{"heads": ["keypoints"], "epochs": 1}]}}
    )
    assert unet.train.init_from == ImageNetStart(name="imagenet")
