"""Stage `search`: reads the prepared arrays and writes the best settings as a file for the train stage."""

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest, write_aside, write_json
from heelstrike.progress import Progress, progress
from pipeline.heads.arrays import array_shapes
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.search.space import Space
from pipeline.search.study import STUDY_URL, Ended, RunBatch, close_study, open_study, reason_of, run_study, sqlite_url
from pipeline.search.worker import Job, Outcome, Report, Workers
from pipeline.splits import TRAINED_ON
from pipeline.spreadsheet import for_spreadsheets


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the search, or write the settings of params.yaml unchanged if `search.trials` is 0."""
    space, settings = Space(params), params.search
    if settings.trials == 0:
        _write(layout.out("search"), space, [], None)
        return
    prepared = layout.out("prepare")
    digest = search_digest(params, prepared)
    work = layout.work("search", digest)
    study = open_study(
        os.environ.get(STUDY_URL) or sqlite_url(work / "study.db"), f"{layout.problem}-{digest[:16]}", settings
    )
    with progress(f"search {layout.problem}", settings.trials) as bar, Workers(settings.workers) as workers:

        def show(trial: FrozenTrial) -> None:
            value = {"value": trial.value} if trial.value is not None else {}
            bar.advance(1, trial=str(trial.number), state=trial.state.name.lower(), **value)

        run_batch = _recorded(_runner(params, space, prepared, work, workers, layout.root), bar)
        trials = run_study(study, space, settings, run_batch, show)
    best = choose(trials, settings.margin)
    _write(layout.out("search"), space, trials, best)
    close_study(study)
    for folder in work.glob("trial-*"):
        shutil.rmtree(folder)


def choose(trials: list[FrozenTrial], margin: float) -> FrozenTrial:
    """Return the trial with the lowest score if it beats the first one (params.yaml) by the margin, else the first.

    Raises:
        UserError: No trial was completed.
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not complete:
        reasons = "; ".join(f"trial {t.number}: {reason_of(t) or t.state.name.lower()}" for t in trials)
        raise UserError(f"search: no trial was completed ({reasons}); change train or search.space")
    best = min(complete, key=lambda trial: (trial.value, trial.number))
    given = trials[0]
    if given.value is None or given.state != TrialState.COMPLETE or best.value is None:
        return best
    return best if best.value < (1 - margin) * given.value else given


def search_digest(params: ProblemParams, prepared: Path) -> str:
    """Return the digest of everything the search depends on: settings and the arrays of both splits.

    Raises:
        UserError: An array is missing.
    """
    names = array_shapes(params.problem)
    arrays = [prepared / split / f"{name}.npy" for split in TRAINED_ON for name in names]
    for path in arrays:
        if not path.is_file():
            raise UserError(f"{path} does not exist; run the prepare stage first")
    sections = params.model_dump(mode="json", include={"problem", "search", "model", "train", "augment"})
    return json_digest({"params": sections, "arrays": [file_digest(path) for path in arrays]})


def _runner(params: ProblemParams, space: Space, prepared: Path, work: Path, workers: Workers, root: Path) -> RunBatch:
    problem = params.problem.model_dump(mode="json")

    def job(trial: FrozenTrial) -> Job:
        plan = {"problem": problem, **space.short(trial.params)}
        number, settings = trial.number, params.search
        return Job(number, plan, prepared, settings.images, settings.seed, work / f"trial-{number}", root)

    return lambda trials, report, ended: workers.run([job(trial) for trial in trials], report, ended)


def _recorded(run_batch: RunBatch, bar: Progress) -> RunBatch:
    """Run batches and record the start, each epoch and the end of every trial."""

    def run_recorded(trials: list[FrozenTrial], report: Report, ended: Ended) -> None:
        def record(number: int, values: dict[str, Any]) -> None:
            bar.record("trial", {"number": number, **values})

        def reported(number: int, epoch: int, score: float) -> bool:
            record(number, {"epoch": epoch, "score": score})
            return report(number, epoch, score)

        def finished(number: int, outcome: Outcome) -> None:
            ended(number, outcome)
            record(number, {"state": outcome.state, "value": outcome.score, "reason": outcome.reason})

        for trial in trials:
            record(trial.number, {"params": trial.params})
        run_batch(trials, reported, finished)

    return run_recorded


def _write(out: Path, space: Space, trials: list[FrozenTrial], best: FrozenTrial | None) -> None:
    rows = [_row(trial) for trial in trials]
    study: dict[str, Any] = {
        "best": best and best.number,
        "candidates": {label: settings.model_dump(mode="json") for label, settings in space.candidates.items()},
        "trials": [
            row | {"params": trial.params, "scores": {str(k): v for k, v in sorted(trial.intermediate_values.items())}}
            for row, trial in zip(rows, trials, strict=True)
        ],
    }
    table = pd.DataFrame(
        [row | trial.params for row, trial in zip(rows, trials, strict=True)],
        columns=[*_COLUMNS, *sorted({name for trial in trials for name in trial.params})],
    )
    with folder_aside(out) as folder:
        write_json(folder / "best.json", space.sections(best.params if best else {}))
        write_json(folder / "study.json", study)
        with write_aside(folder / "trials.csv") as aside:
            for_spreadsheets(table).to_csv(aside, index=False)


_COLUMNS = ["number", "state", "value", "epochs", "reason"]


def _row(trial: FrozenTrial) -> dict[str, Any]:
    value = trial.value if trial.state == TrialState.COMPLETE else None
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": value,
        "epochs": len(trial.intermediate_values),
        "reason": reason_of(trial),
    }
