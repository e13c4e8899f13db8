"""The rows of a grid as validated settings, scaled to a budget. All errors are reported at once."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_aside
from pipeline.grid.definition import Definition, Row, merged
from pipeline.layout import Layout, file_of_start
from pipeline.models.build import WEIGHTS
from pipeline.params import ProblemParams, parse_params
from pipeline.train.settings import ModelStart

# sections that a row never uses, so that params.yaml cannot make a row invalid by them
_UNUSED = ("search", "gates")
NOTHING, IMAGENET = "nothing", "imagenet"
# a row's `start` that needs no other problem, as `train.init_from`
_STARTS: dict[str | None, Any] = {NOTHING: None, IMAGENET: {"name": "imagenet"}}


@dataclass(frozen=True)
class Planned:
    """A row to run.

    Attributes:
        name: Name of the row, with the seed if the row has seeds.
        row: The row's definition.
        params: Complete settings, scaled to the budget.
        budget: Share of the epochs or iterations that the grid gives the row.
    """

    name: str
    row: Row
    params: ProblemParams
    budget: float = 1.0


def plan_rows(
    definition: Definition, params: ProblemParams, budget: float = 1.0, only: str = "", epochs: int = 0
) -> list[Planned]:
    """Return the rows of a grid with complete settings.

    Args:
        definition: The grid.
        params: The problem's section of params.yaml, which the rows' settings are merged into.
        budget: Share of the epochs and iterations; each step keeps at least one.
        only: Names separated by commas; empty for all rows. A row with seeds can be named with or without its seed.
        epochs: Epochs of every row, instead of a share of its own; steps share them in proportion. 0: by the budget.

    Raises:
        UserError: A name is unknown, settings are invalid (one line for each finding with the row's name and path), or
            `epochs` is given for a row that does not count epochs.
    """
    expanded = {name: (row, seed) for row in definition.rows for name, seed in row.run_names.items()}
    wanted = _wanted(expanded, only)
    below = params.model_dump(mode="json", by_alias=True)
    for section in (*_UNUSED, *definition.fresh):
        below.pop(section, None)
    below["package"].pop("disturbed")  # a row is not packaged
    whole = {name: _section(definition, below, *expanded[name]) for name in wanted}
    budgets = {name: _share(name, section, epochs) if epochs else budget for name, section in whole.items()}
    sections = {name: _shortened(section, budgets[name]) for name, section in whole.items()}
    parsed = parse_params({"problems": list(sections), **sections}, f"grid {definition.name}")
    return [Planned(name, expanded[name][0], parsed[name], budgets[name]) for name in wanted]


def started(planned: Planned, root: Path) -> Planned:
    """Return the row with the weights of the problem that its `start` names, from models/PROBLEM/train.

    Raises:
        UserError: That problem has not been trained.
    """
    source = planned.row.start
    if source is None or source in _STARTS:
        return planned
    weights = Layout(root, source).out("train") / WEIGHTS
    if not weights.is_file():
        raise UserError(
            f"row {planned.name} starts from {source}, but {weights} does not exist; train it first: "
            f"dvc repro train@{source}"
        )
    digest = file_digest(weights)
    copy = file_of_start(root, digest)
    if not copy.is_file():
        with write_aside(copy) as aside:
            shutil.copyfile(weights, aside)
    start = ModelStart(name="model", model=source, weights=digest)
    train = planned.params.train.model_copy(update={"init_from": start})
    return replace(planned, params=planned.params.model_copy(update={"train": train}))


def _wanted(expanded: dict[str, tuple[Row, int | None]], only: str) -> list[str]:
    requested = [name.strip() for name in only.split(",") if name.strip()]
    if not requested:
        return list(expanded)
    known = {*expanded, *(row.name for row, _ in expanded.values())}
    unknown = [name for name in requested if name not in known]
    if unknown:
        raise UserError(f"no row is called {', '.join(unknown)}; there are {', '.join(expanded)}")
    return [name for name, (row, _) in expanded.items() if name in requested or row.name in requested]


def _section(definition: Definition, below: dict[str, Any], row: Row, seed: int | None) -> dict[str, Any]:
    section = merged(below, definition.settings_of(row))
    if row.start in _STARTS:
        section = merged(section, {"train": {"init_from": _STARTS[row.start]}})
    if seed is not None:
        section = merged(section, {"train": {"seed": seed}})
    return section


def _share(name: str, section: dict[str, Any], epochs: int) -> float:
    """Return the share of a row's own epochs that makes `epochs` of them."""
    own = [step.get("epochs") if isinstance(step, dict) else None for step in _steps(section)]
    counts = [count for count in own if isinstance(count, int) and count > 0]
    if not own or len(counts) < len(own):
        raise UserError(f"row {name} does not count epochs in each of its train.steps; give it a budget instead")
    return epochs / sum(counts)


def _shortened(section: dict[str, Any], budget: float) -> dict[str, Any]:
    steps = _steps(section)
    return merged(section, {"train": {"steps": [_scaled(step, budget) for step in steps]}}) if steps else section


def _steps(section: dict[str, Any]) -> list[Any]:
    train = section.get("train")
    steps = train.get("steps") if isinstance(train, dict) else None
    return list(steps) if isinstance(steps, list | tuple) else []


def _scaled(step: Any, budget: float) -> Any:
    """Scale the epochs of a training step, or its iterations between validations, by the budget.

    An invalid step is returned unchanged; the validation of the settings reports it.
    """
    if not isinstance(step, dict):
        return step
    epochs, iterations, every = (step.get(key) for key in ("epochs", "iterations", "every"))
    if isinstance(epochs, int):
        return {**step, "epochs": max(1, round(budget * epochs))}
    if isinstance(iterations, int) and isinstance(every, int) and every > 0 and iterations % every == 0:
        fewer = max(1, round(budget * every))
        return {**step, "every": fewer, "iterations": iterations // every * fewer}
    return step
