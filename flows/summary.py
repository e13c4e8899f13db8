"""The summary that is printed at the end of a retrain."""

import csv
import json
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows.release import Release
from heelstrike.redact import without_password
from heelstrike.registry.versions import CHAMPION
from heelstrike.stores import TRACKING_URI, is_server, tracking_uri
from heelstrike.text import plain
from pipeline.layout import Layout
from pipeline.splits import SPLITS
from pipeline.tracking.lineage import output_hashes

_TITLES = {"error": "test error", "measurement": "test measurement", "comparison": "against champion"}
"""Gates whose reason has a row of its own, with the row's title."""

_COLOURS = {"promoted": "green", "already": "green", "refused": "yellow", "waiting": "yellow"}


def print_summary(released: Release, console: Console) -> None:
    """Print the stages that ran, the data, the settings, the test errors, the decision, and what to look at next."""
    layout, outcome = released.layout, released.outcome
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    stages = ", ".join(address.split("@")[0] for address in released.ran)
    grid.add_row("stages run", plain(stages or "nothing had changed"))
    grid.add_row("data", _data(layout))
    grid.add_row("settings", plain(_settings(layout)))
    for name, value in _test_numbers(released):
        grid.add_row(name, plain(value))
    colour = _COLOURS[outcome.kind]
    grid.add_row("decision", Text(f"version {outcome.version} {outcome.kind}", colour))
    for reason in _reasons(released):
        grid.add_row("", plain(reason, colour))
    warnings = _warnings(layout)
    if warnings:
        grid.add_row("labels", plain(warnings))
    grid.add_row("next", _next_steps(released))
    console.print(Panel(grid, title=f"retrain {layout.problem}", expand=False))


def _data(layout: Layout) -> str:
    digest = output_hashes(layout)[str(layout.out("collect").relative_to(layout.root))]
    counts = []
    for name in SPLITS:
        images = _json(layout.out("split") / f"{name}.json")["images"]
        counts.append(f"{name} {len(images)} images of {len({image['subject'] for image in images})} subjects")
    return f"{digest[:10]}  ({', '.join(counts)})"


def _settings(layout: Layout) -> str:
    best = _json(layout.out("search") / "best.json")
    model, train = best["model"], best["train"]
    options = {k: value["name"] if isinstance(value, dict) else value for k, value in model.items() if k != "name"}
    described = ", ".join(f"{key} {value}" for key, value in options.items() if not isinstance(value, list))
    trials = _trials(layout.out("search") / "trials.csv")
    return f"{model['name']} ({described}), learning rate {train['lr']:.3g}, {train['schedule']}{trials}"


def search_line(layout: Layout) -> str:
    """Return what the search found in one line: the settings, and how many trials there were."""
    ended = _json(layout.out("search") / "study.json").get("ended")
    return f"search {layout.problem}: {_settings(layout)}{f'; ended early: {ended}' if ended else ''}"


def _trials(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(newline="") as stream:
        states = [row.get("state", "").lower() for row in csv.DictReader(stream)]
    return f"; best of {len(states)} trials, {states.count('pruned')} pruned" if states else ""


def _test_numbers(released: Release) -> list[tuple[str, str]]:
    """Return title and text of the candidate's test errors and of its comparison with the champion, from the gates."""
    reasons = {gate.name: gate.reason for gate in released.decision.gates}
    return [(title, reasons[name]) for name, title in _TITLES.items() if name in reasons]


def _reasons(released: Release) -> list[str]:
    """Return the reasons of the decision that no other row of the summary gives."""
    decision, outcome = released.decision, released.outcome
    if outcome.kind == "refused":
        rows = {f"{gate.name}: {gate.reason}": _TITLES[gate.name] for gate in decision.gates if gate.name in _TITLES}
        reasons = [
            f"{failure.split(':')[0]}: failed, see {rows[failure]}" if failure in rows else failure
            for failure in decision.failures
        ]
        return reasons or [outcome.why]
    compared = any(gate.name == "comparison" and gate.reason == outcome.why for gate in decision.gates)
    return [] if compared else [outcome.why]


def _warnings(layout: Layout) -> str:
    path = layout.out("validate") / "worklist.csv"
    if not path.is_file():
        return ""
    with path.open(newline="") as stream:
        count = sum(1 for _ in csv.DictReader(stream))
    return f"{count} warnings for the labeller in {path.relative_to(layout.root)}" if count else ""


def _next_steps(released: Release) -> str:
    layout = released.layout
    report = (layout.out("evaluate") / "report.html").relative_to(layout.root)
    uri = tracking_uri(layout.root)
    if is_server(uri):
        runs = without_password(uri)
    else:
        runs = "mlflow ui" if not os.environ.get(TRACKING_URI) else f"mlflow ui --backend-store-uri ${TRACKING_URI}"
    steps = f"report: {report}\nruns: {runs}\nmeasure: heelstrike predict VIDEO --model {_model(released)} --overlay"
    if released.outcome.kind == "waiting":
        version = f"{layout.problem}/{released.outcome.version}"
        steps += f"\ndecide: heelstrike approve {version}, or heelstrike reject {version} --why REASON"
    return steps


def _model(released: Release) -> str:
    """Return the champion's reference, or the new version's if the problem has no champion."""
    outcome = released.outcome
    has_champion = outcome.kind in ("promoted", "already") or outcome.champion_before is not None
    problem = released.layout.problem
    return f"{problem}@{CHAMPION}" if has_champion else f"{problem}/{outcome.version}"


def _json(path: Path) -> Any:
    return json.loads(path.read_text())
