"""The search of a retrain: the study as a run below it, every trial as a run below the study."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.files import Layout
from pipeline.tracking.results import flat
from pipeline.tracking.runs import Run

_ENDS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
_OWN = ("number", "state", "value", "datetime_start", "datetime_complete", "duration")


def log_search(layout: Layout, run: Run) -> None:
    """Log the study and its trials below the retrain's run; what an earlier call finished is left as it is.

    A trial's settings become params, its numbers metrics; a pruned trial shows as killed.

    Raises:
        UserError: The search stage has not run.
    """
    folder = layout.out("search")
    trials = _read_trials(folder / "trials.csv")
    states = [trial["state"] for trial in trials]
    name = f"search · {len(trials)} trials, {states.count('PRUNED')} pruned"
    with run.child(name, "search") as study:
        if study.done:
            return
        for trial in trials:
            _log_trial(study, trial)
        best = json.loads((folder / "best.json").read_text())
        study.log_params(dict(flat(best)))
        done = [float(trial["value"]) for trial in trials if trial["state"] == "COMPLETE" and trial["value"]]
        if done:
            study.log_metrics([{"best_value": min(done), "trials": len(trials), "pruned": states.count("PRUNED")}])
        study.client.log_artifacts(study.run_id, str(folder), "search")


def _log_trial(study: Run, trial: Mapping[str, str]) -> None:
    number = int(trial["number"])
    with study.child(f"trial {number:03d}", f"trial-{number}", {"heelstrike.state": trial["state"]}) as run:
        if run.done:
            return
        params, metrics = _columns(trial)
        run.log_params(params)
        run.log_metrics([metrics])
        run.end_as(_ENDS.get(trial["state"], "FAILED"))


def _columns(trial: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, float]]:
    """A trial's row apart: settings are the columns named by a path (`train.lr`), other numbers are metrics."""
    params, metrics = {}, {}
    for column, text in trial.items():
        if not text:
            continue  # a setting that the architecture of this trial does not have
        if "." in column:
            params[column] = text
        elif column == "value" or column not in _OWN:
            try:
                metrics[column] = float(text)
            except ValueError:
                params[column] = text
    return params, metrics


def _read_trials(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run the search stage first") from None
