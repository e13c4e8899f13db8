"""The search of a retrain in MLflow: the study is a run below the retrain's, each trial a run below the study's."""

from collections.abc import Mapping
from typing import Any

from pipeline.layout import Layout
from pipeline.tracking.results import flat, read_json
from pipeline.tracking.run import Run
from pipeline.tracking.study_figures import FIGURES, figures_page
from pipeline.tracking.tags import DURATION_TAG, ENDED_TAG, ENGINE_TAG, REASON_TAG, STATE_TAG, WORKER_TAG

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
    content = read_json(folder / "study.json")
    trials = content["trials"]
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
        if ended := content.get("ended"):
            study.set_tags({ENDED_TAG: ended})
        study.client.log_artifacts(study.run_id, str(folder), "search")
        run.client.log_text(
            run.run_id, figures_page(layout.problem, trials, content.get("objectives", ["error"])), f"search/{FIGURES}"
        )


def open_trial(study: Run, number: int, params: Mapping[str, Any]) -> Run:
    """Open the run of a trial below the study's, with its settings as params; the caller ends it."""
    run = study.open_child(_name(number), f"trial-{number}")
    if not run.done:
        run.log_params(params)
    return run


def end_trial(
    run: Run, number: int, state: str, value: float | None, reason: str, work: Mapping[str, str] | None = None
) -> None:
    """Log the outcome of a trial, which its name shows too, and end its run.

    Args:
        run: The trial's run.
        number: Number of the trial.
        state: `complete`, `pruned` or `fail`, as Optuna names it, or `failed`.
        value: The trial's score; `None` if it was not completed.
        reason: Why it failed; empty if it did not.
        work: Tags that say where it ran, and for how long.
    """
    if state == "complete" and value is not None:
        run.log_metrics([{"value": value}])
    run.set_tags({STATE_TAG: state, **({REASON_TAG: reason} if reason else {}), **(work or {})})
    word = {"fail": "failed"}.get(state, state)
    result = f" {value:.4g}" if state == "complete" and value is not None else f": {reason[:60]}" if reason else ""
    run.rename(f"{_name(number)} · {word}{result}")
    run.end_as(_STATUS.get(state, "FAILED"))


def tags_of_work(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a trial's worker, engine and duration, as far as they are known."""
    tags = {WORKER_TAG: values.get("worker"), ENGINE_TAG: values.get("engine")}
    if seconds := values.get("seconds"):
        tags[DURATION_TAG] = f"{seconds:.1f} s"
    return {name: str(value) for name, value in tags.items() if value}


def _name(number: int) -> str:
    return f"trial {number:03d}"


def _log_trial(study: Run, trial: dict[str, Any]) -> None:
    run = open_trial(study, trial["number"], trial["params"])
    if run.done:
        return
    scores = sorted((int(step), value) for step, value in trial["scores"].items())
    run.log_missing([{"score": value} for _, value in scores if value is not None])
    end_trial(run, trial["number"], trial["state"], trial["value"], trial.get("reason") or "")
