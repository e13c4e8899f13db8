"""A grid's file: what is wrong is said with the row's name and path, all at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError
from pipeline.grid.definition import load_definition, merged, shipped
from pipeline.grid.rows import plan_rows
from pipeline.params import ProblemParams, load_params
from tests.pipeline.grid.conftest import GRID


def test_a_row_starts_from_its_base_and_a_base_from_params(grid: Callable[..., str], params: ProblemParams) -> None:
    a, b, c = plan_rows(load_definition(grid()), params)
    assert a.params.model == params.model
    assert (b.params.model.name, c.params.model.name) == ("multihead", "multihead")
    assert c.params.model.model_dump()["dropout"] == 0.5
    assert b.params.model.model_copy(update={"dropout": 0.5}) == c.params.model
    assert all(one.params.train == params.train for one in (a, b, c))


def test_a_fresh_section_starts_from_its_defaults(grid: Callable[..., str], params: ProblemParams) -> None:
    row = plan_rows(load_definition(grid(fresh=["train"])), params)[0]
    assert row.params.train == type(params.train)()
    assert row.params.evaluate == params.evaluate


def test_another_name_replaces_what_is_below() -> None:
    below = {
        "model": {"name": "x", "width": 4, "backbone": {"name": "s", "depth": 2}},
        "train": {"lr": 1, "steps": [1, 2]},
    }
    above = {"model": {"backbone": {"name": "t"}}, "train": {"steps": [3]}}
    assert merged(below, above) == {
        "model": {"name": "x", "width": 4, "backbone": {"name": "t"}},
        "train": {"lr": 1, "steps": [3]},
    }
    assert merged(below, {"model": {"name": "y"}})["model"] == {"name": "y"}


@pytest.mark.parametrize(("budget", "epochs"), [(1.0, 4), (0.5, 2), (0.01, 1), (2.0, 8)])
def test_the_budget_scales_epochs_to_at_least_one(
    grid: Callable[..., str], params: ProblemParams, budget: float, epochs: int
) -> None:
    rows = plan_rows(load_definition(grid()), params, budget)
    assert {step.epochs for row in rows for step in row.params.train.steps} == {epochs}


def test_every_row_can_have_the_same_epochs(grid: Callable[..., str], params: ProblemParams) -> None:
    steps = [{"heads": ["box"], "epochs": 6}, {"heads": ["keypoints"], "epochs": 2}]
    rows = [GRID["rows"][0], {"name": "two", "table": "points", "settings": {"train": {"steps": steps}}}]
    one, two = plan_rows(load_definition(grid(rows=rows)), params, epochs=12)
    assert [step.epochs for step in one.params.train.steps] == [12]
    assert [step.epochs for step in two.params.train.steps] == [9, 3], "in proportion"
    assert (one.budget, two.budget) == (3, 1.5)


def test_epochs_are_for_rows_that_count_epochs(grid: Callable[..., str], params: ProblemParams) -> None:
    steps = [{"heads": ["box"], "iterations": 6, "every": 2}]
    rows = [{"name": "loose", "table": "points", "settings": {"train": {"steps": steps}}}]
    with pytest.raises(
        UserError, match=r"row loose does not count epochs in each of its train\.steps; give it a budget"
    ):
        plan_rows(load_definition(grid(rows=rows)), params, epochs=12)


def test_seeds_make_a_row_each(grid: Callable[..., str], params: ProblemParams) -> None:
    definition = load_definition(grid(rows=[{"name": "a", "table": "points", "seeds": [3, 5]}]))
    rows = plan_rows(definition, params)
    assert [(row.name, row.params.train.seed) for row in rows] == [("a-s3", 3), ("a-s5", 5)]
    assert [row.name for row in plan_rows(definition, params, only="a")] == ["a-s3", "a-s5"]
    assert [row.name for row in plan_rows(definition, params, only="a-s5")] == ["a-s5"]


def test_every_wrong_setting_is_named_at_once(grid: Callable[..., str], params: ProblemParams) -> None:
    rows = [
        {"name": "bad", "table": "points", "settings": {"train": {"lr": -1}, "model": {"widht": 3}}},
        {"name": "deep", "table": "points", "settings": {"model": {"levels": 6}}},
    ]
    with pytest.raises(UserError) as error:
        plan_rows(load_definition(grid(rows=rows)), params)
    assert "grid toy: bad.train.lr: Input should be greater than 0, found -1" in str(error.value)
    assert "grid toy: bad.model.widht: unknown key" in str(error.value)
    assert "grid toy: deep" in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"name": "a", "table": "nowhere"}], "row a: no table 'nowhere'; there are points"),
        ([{"name": "a", "table": "points", "published": {"ap": 1}}], "row a: published names 'ap'"),
        ([{"name": "a", "table": "points", "base": "x"}], "a: no base or row is called 'x'"),
        ([{"name": "a", "table": "points", "base": "a"}], "a: its base leads back to itself"),
        ([GRID["rows"][0], GRID["rows"][0]], "row a is there twice"),
        ([{"name": "a", "table": "points", "epochs": 3}], "rows.a.epochs: unknown key"),
    ],
)
def test_a_wrong_definition_is_a_message(grid: Callable[..., str], rows: list[Any], message: str) -> None:
    with pytest.raises(UserError, match=r"toy\.yaml") as error:
        load_definition(grid(rows=rows))
    assert message in str(error.value)


def test_unknown_names_say_what_there_is(grid: Callable[..., str], params: ProblemParams) -> None:
    with pytest.raises(UserError, match=r"no grid 'nothing'; there are .*tone"):
        load_definition("nothing")
    with pytest.raises(UserError, match="no row is called z; there are a, b, c"):
        plan_rows(load_definition(grid()), params, only="a,z")


@pytest.mark.parametrize("name", shipped())
def test_shipped_grids_are_named_as_their_files(name: str) -> None:
    assert load_definition(name).name == name


@pytest.mark.parametrize("name", ["footprint", "stickfigure"])
def test_every_row_is_possible_with_the_grids_own_example(name: str) -> None:
    params = load_params(Path(__file__).parents[3] / "docs" / "examples" / f"{name}.yaml")
    definition = load_definition(name)
    assert [one.name for one in plan_rows(definition, params[name])] == [row.name for row in definition.rows]
