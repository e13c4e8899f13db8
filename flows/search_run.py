"""The search of a problem by itself: the stages up to it, and a line about what it found."""

import json
from functools import partial
from pathlib import Path

from rich.console import Console

from flows.checkout_lock import problem_lock
from flows.log_display import display_for
from flows.reporting import Reporter
from flows.stages import run_stage, stage_names
from flows.summary import search_line
from heelstrike.errors import UserError
from heelstrike.progress import Event
from heelstrike.text import done
from pipeline.edit_params import set_number
from pipeline.layout import Layout
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.registry.weights import supply
from pipeline.search.space import Space
from pipeline.search.stage import trials_of_record
from pipeline.strict_yaml import parse_yaml
from pipeline.tracking.earlier_studies import Known, known_settings


def run_search(problem: str, root: Path, console: Console, *, trials: int, go_on: bool, wait: bool) -> None:
    """Run the stages of a problem up to the search.

    Args:
        problem: The problem's name.
        root: The repository root.
        console: Where progress and result are shown.
        trials: Number of trials in all, which is written into params.yaml; 0 leaves it as it is.
        go_on: Refuse to begin a new study.
        wait: Wait while another command works on the problem; otherwise refuse.

    Raises:
        UserError: A stage failed, or there is no study to go on with.
    """
    layout = Layout(root.resolve(), problem)
    with (
        display_for(console) as display,
        problem_lock(layout.root, problem, "search", wait=wait, say=display.say),
    ):
        supply(_section(layout), layout)
        for address in stage_names(layout.root, problem):
            name = address.split("@")[0]
            if name == "search":
                _prepare_search(layout, trials, go_on)
            display.start(name)
            ran = run_stage(layout.root, address, partial(_report, display, name), display.say)
            display.finish(name, "" if ran else "unchanged")
            if name == "search":
                break
    console.print(done(search_line(layout)), soft_wrap=True)


def _report(display: Reporter, stage: str, event: Event) -> None:
    if "record" not in event:
        display.event(stage, event)


def _section(layout: Layout) -> ProblemParams:
    return problem_in(load_params(layout.root / "params.yaml"), layout.problem)


def _prepare_search(layout: Layout, trials: int, go_on: bool) -> None:
    section = _section(layout)
    if go_on and trials_of_record(section, layout) == 0:
        raise UserError(
            f"search {layout.problem}: there is no study with these settings, code, packages and data that could be "
            "continued (docs/search.md); leave out --continue to begin one"
        )
    if trials and trials != section.search.trials:
        set_number(layout.root / "params.yaml", (layout.problem, "search", "trials"), trials)


def warm_start_lines(problem: str, root: Path) -> list[str]:
    """Return the lines for params.yaml with the settings that a search could begin with.

    Raises:
        UserError: There is no such problem, the store does not answer, or no earlier settings fit.
    """
    layout = Layout(root.resolve(), problem)
    known = known_settings(layout, Space(_section(layout)))
    if not known:
        raise UserError(f"search warm-start: nothing that was trained or tried before fits {problem}.search.space")
    return [f"Put this into params.yaml, section {problem}.search:", "", "    first:", *first_lines(known)]


def first_lines(known: Known) -> list[str]:
    """Return an item of `search.first` for each of these settings, with where they come from as a comment."""
    lines = []
    for values, origin in known:
        flow = ", ".join(f"{path}: {_scalar(value)}" for path, value in values.items())
        lines.append(f"      - {{{flow}}}  # {origin}")
    return lines


def _scalar(value: object) -> str:
    """Return a value as YAML; a text that would mean something else, such as the precision 32, stands in quotes."""
    plain = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return plain if parse_yaml(f"[{plain}]", "") == [value] else json.dumps(value)
    except UserError:  # `no`, for instance
        return json.dumps(value)
