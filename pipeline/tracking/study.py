"""The search of a retrain in MLflow: the study is a run below the retrain's, each trial a run below the study's."""

from collections.abc import Mapping
from typing import Any

from pipeline.layout import Layout
from pipeline.tracking.results import flat, read_json
from pipeline.tracking.run import Run
from pipeline.tracking.study_figures import FIGURES, figures_page
from pipeline.tracking.tags import REASON_TAG, STATE_TAG

_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "fail": "FAILED"}


SEARCH = "search"
"""The part of the study's run."""


def log_search(layout: Layout, run: Run) -> None:
    """Log the study and its trials below the retrain's run; trials that have been logged stay as they are.

    A trial's settings become params, its scores by epoch and its value become metrics; a pruned trial is KILLED. The
    figures of the study become an artifact of the retrain's run.

    Raises:
        UserError: The search stage has not run.
    """
    folder = layout.out("search")
    trials = read_json(folder / "study.json")["trials"]
    states = [trial["state"] for trial in trials]
    pruned = states.count("pruned")
    with run.child(f"search · {len(trials)} trials, {pruned} pruned", SEARCH) as study:
        if study.done:
            return
        for trial in trials:
            _log_trial(study, trial)
        study.rename(f"search · {len(trials)} trials, {pruned} pruned")
        study.log_params(dict(flat(read_json(folder / "best.json"))))
        values = [trial["value"] for trial in trials if trial["value"] is not None]
        best = {"best_value": min(values)} if values else {}
        study.log_metrics([{"trials": len(trials), "pruned": pruned, **best}])
        study.client.log_artifacts(study.run_id, str(folder), "search")
        run.client.log_text(run.run_id, figures_page(layout.problem, trials), f"search/{FIGURES}")


def open_trial(study: Run, number: int, params: Mapping[str, Any]) -> Run:
    """Open the run of a trial below the study's, with its settings as params; the caller ends it."""
    run = study.open_child(f"trial {number:03d}", f"trial-{number}")
    if not run.done:
        run.log_params(params)
    return run


def end_trial(run: Run, state: str, value: float | None, reason: str) -> None:
    """Log the outcome of a trial, and end its run.

    Args:
        run: The trial's run.
        state: `complete`, `pruned` or `fail`, as Optuna names it, or `failed`.
        value: The trial's score; `None` if it was not completed.
        reason: Why it failed; empty if it did not.
    """
    if state == "complete" and value is not None:
        run.log_metrics([{"value": value}])
    run.set_tags({STATE_TAG: state, **({REASON_TAG: reason} if reason else {})})
    run.end_as(_STATUS.get(state, "FAILED"))


def _log_trial(study: Run, trial: dict[str, Any]) -> None:
    run = open_trial(study, trial["number"], trial["params"])
    if run.done:
        return
    scores = sorted((int(step), value) for step, value in trial["scores"].items())
    run.log_missing([{"score": value} for _, value in scores if value is not None])
    end_trial(run, trial["state"], trial["value"], trial.get("reason") or "")
