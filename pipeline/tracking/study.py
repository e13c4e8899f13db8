"""The search of a retrain: the study as a run below it, every trial as a run below the study."""

from typing import Any

from pipeline.layout import Layout
from pipeline.tracking.results import flat, read_json
from pipeline.tracking.runs import Run
from pipeline.tracking.tags import REASON_TAG, STATE_TAG

_ENDS = {"complete": "FINISHED", "pruned": "KILLED", "fail": "FAILED"}


def log_search(layout: Layout, run: Run) -> None:
    """Log the study and its trials below the retrain's run; what an earlier call finished is left as it is.

    A trial's settings become params, its score by epoch and its value metrics; a pruned trial shows as killed.

    Raises:
        UserError: The search stage has not run.
    """
    folder = layout.out("search")
    trials = read_json(folder / "study.json")["trials"]
    states = [trial["state"] for trial in trials]
    pruned = states.count("pruned")
    with run.child(f"search · {len(trials)} trials, {pruned} pruned", "search") as study:
        if study.done:
            return
        for trial in trials:
            _log_trial(study, trial)
        study.log_params(dict(flat(read_json(folder / "best.json"))))
        values = [trial["value"] for trial in trials if trial["value"] is not None]
        best = {"best_value": min(values)} if values else {}
        study.log_metrics([{"trials": len(trials), "pruned": pruned, **best}])
        study.client.log_artifacts(study.run_id, str(folder), "search")


def _log_trial(study: Run, trial: dict[str, Any]) -> None:
    number, tags = trial["number"], {STATE_TAG: trial["state"]}
    if trial.get("reason"):
        tags[REASON_TAG] = trial["reason"]
    with study.child(f"trial {number:03d}", f"trial-{number}", tags) as run:
        if run.done:
            return
        run.log_params(trial["params"])
        scores = sorted((int(step), value) for step, value in trial["scores"].items())
        run.log_metrics([{"score": value} for _, value in scores if value is not None])
        if trial["value"] is not None:
            run.log_metrics([{"value": trial["value"]}])
        run.end_as(_ENDS.get(trial["state"], "FAILED"))
