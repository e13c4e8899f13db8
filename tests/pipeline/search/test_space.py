"""Drawing trials and turning them into sections."""

from typing import Any

import optuna
import pytest

from heelstrike.errors import UserError
from pipeline.search.settings import ARCHITECTURE
from pipeline.search.space import Space
from pipeline.train.settings import Step


def drawn(space: Space, seed: int) -> dict[str, Any]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    space.draw(study.ask())
    return study.trials[-1].params


def test_candidates_begin_with_the_given_model_and_each_is_there_once(params: Any) -> None:
    given = {"name": "spatial", "width": 4, "levels": 2}
    space = Space(params(architectures=[given, {**given, "width": 8}, {"name": "multihead"}]))
    assert list(space.candidates) == ["spatial", "spatial-2", "multihead"]
    assert space.candidates["spatial"].width == 4


def test_a_path_that_an_architecture_lacks_is_left_out_of_its_trials(params: Any) -> None:
    space = Space(params())
    draws = [drawn(space, seed) for seed in range(30)]
    assert {draw[ARCHITECTURE] for draw in draws} == {"spatial", "multihead"}
    for draw in draws:
        assert ("model.codec" in draw) == (draw[ARCHITECTURE] == "spatial")
        assert "model.dropout" in draw
        sections = space.sections(draw)
        assert sections["model"]["name"] == draw[ARCHITECTURE]
        assert sections["train"]["lr"] == draw["train.lr"]
        assert 1e-7 <= draw["train.lr"] <= 0.05


def test_no_candidates_is_no_choice(params: Any) -> None:
    assert ARCHITECTURE not in drawn(Space(params(architectures=[])), 1)


def test_full_sections_keep_the_training_and_short_ones_do_not(params: Any) -> None:
    given = params()
    space = Space(given)
    assert space.sections({})["train"] == given.train.model_dump(mode="json")
    short = space.short({"train.lr": 0.02})["train"]
    assert [Step.model_validate(step) for step in short["steps"]] == [Step(heads=("box", "keypoints"), epochs=3)]
    assert short["lr"] == 0.02


def test_settings_within_settings_are_drawn_like_others(params: Any) -> None:
    space = Space(params(space={"train.losses.box": {"choose": ["codec", "giou"]}}))
    assert {drawn(space, seed)["train.losses.box"] for seed in range(20)} == {"codec", "giou"}
    assert space.given().params["train.losses.box"] == "codec"
    chosen = space.sections({"train.losses.box": "giou"})["train"]["losses"]
    assert chosen == {"keypoints": "codec", "box": "giou"}


def test_the_given_settings_are_a_trial_as_far_as_the_space_knows_them(params: Any) -> None:
    space = Space(params(space={"train.lr": {"low": 0.02, "high": 0.05}, "model.dropout": {"choose": [0.0, 0.3]}}))
    given = space.given()
    assert given.params == {ARCHITECTURE: "spatial", "model.dropout": 0.0}
    assert space.sections(given.params) == space.sections({})


@pytest.mark.parametrize("whole", [True, False])
def test_ranges(params: Any, whole: bool) -> None:
    space = Space(params(space={"train.batch_size": {"low": 2, "high": 8, "whole": True}} if whole else {}))
    values = {drawn(space, seed).get("train.batch_size") for seed in range(40)}
    assert values == ({2, 3, 4, 5, 6, 7, 8} if whole else {None})


def conditional(params: Any, **more: Any) -> Space:
    space = {
        "model.backbone.residual": {"choose": [True, False]},
        "model.backbone.bottleneck": {"choose": ["none", "traditional"], "when": {"model.backbone.residual": [True]}},
        "train.lr": {"low": 0.001, "high": 0.05, "log": True, "when": {"model.name": ["spatial"]}},
        **more,
    }
    return Space(params(space=space))


def test_a_setting_with_a_condition_is_varied_only_where_it_is_met(params: Any) -> None:
    space = conditional(params)
    draws = [drawn(space, seed) for seed in range(40)]
    assert {draw.get("model.backbone.residual") for draw in draws} == {None, True, False}
    for draw in draws:
        assert ("model.backbone.bottleneck" in draw) == (draw.get("model.backbone.residual") is True)
        assert ("train.lr" in draw) == (draw[ARCHITECTURE] == "spatial")


def test_a_condition_counts_for_the_given_settings_too(params: Any) -> None:
    space = conditional(params)
    assert set(space.given().params) == {ARCHITECTURE, "train.lr"}
    known = space.fixed({ARCHITECTURE: "multihead", "model.backbone.residual": True})
    assert known.params["model.backbone.residual"] is True
    assert "model.backbone.bottleneck" in known.params
    assert "train.lr" not in known.params


def test_an_architecture_in_first_that_is_no_candidate_is_a_message(params: Any) -> None:
    with pytest.raises(UserError, match=r"search\.first\.0 has architecture 'unet', which is no candidate; there are"):
        Space(params(first=[{"architecture": "unet"}]))


def test_a_setting_with_settings_of_its_own_is_known_by_its_name(params: Any) -> None:
    space = Space(params(space={"model.codec": {"choose": ["dsnt", "softmax"]}}))
    assert space.given().params["model.codec"] == "dsnt"


def test_what_was_used_before_is_an_entry_of_first(params: Any) -> None:
    given = params()
    space = Space(given)
    champion = {**given.model.model_dump(mode="json"), "codec": {"name": "softmax", "sigma": 1.5}, "dropout": 0.3}
    entry = space.entry(champion, {"train.lr": 0.002, "train.batch_size": 8, "augment.blur": 9.9})
    assert entry == {ARCHITECTURE: "spatial", "model.codec": "softmax", "model.dropout": 0.3, "train.lr": 0.002}
    again = Space(params(first=[entry]))
    assert again.first()[1].params == entry
    assert space.entry({**champion, "width": 99}, {}) is None, "width is not varied"
    assert "train.lr" not in (space.entry(champion, {"train.lr": 9.0}) or {}), "9 is outside of the space"
