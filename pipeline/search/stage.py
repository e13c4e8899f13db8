"""Stage `search`: reads the prepared arrays and writes the best settings as a file for the train stage."""

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, json_digest, write_aside, write_json
from heelstrike.progress import Progress, progress
from heelstrike.stores import is_local_file
from pipeline.executors.base import Executor
from pipeline.executors.choose import EXECUTOR, engine, executor
from pipeline.heads.arrays import array_shapes
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.search.alone import alone
from pipeline.search.bare_worker import study_prefix
from pipeline.search.identity import Identity
from pipeline.search.proposals import Proposals
from pipeline.search.queue import Queue
from pipeline.search.record import STUDY_URL, Record, described, open_storage, reason_of
from pipeline.search.space import Space
from pipeline.search.study import MakeJob, Study
from pipeline.search.trial import Job, Outcome
from pipeline.splits import TRAINED_ON
from pipeline.spreadsheet import for_spreadsheets


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the search, or write the settings of params.yaml unchanged if `search.trials` is 0.

    A search that was interrupted goes on. One that has ended and is given more trials goes on too.

    Raises:
        UserError: No trial was completed, the engine or the study's database cannot be used, or an array is missing.
    """
    space, settings = Space(params), params.search
    if settings.trials == 0:
        _write(layout.out("search"), space, [], None)
        return
    identity = _identity(params, layout.out("prepare"))
    name = study_prefix(layout, identity) + _settings_digest(params)[:16]
    work = layout.work("search", name.removeprefix(f"{layout.problem}-"))
    work.mkdir(parents=True, exist_ok=True)
    url = os.environ.get(STUDY_URL) or f"sqlite:///{(work / 'study.db').resolve()}"
    with (
        open_storage(url) as storage,
        alone(storage, name) as check,
        progress(f"search {layout.problem}", settings.trials) as bar,
        _executor(storage, name, settings.window, work) as executor,
    ):
        shown = _Shown(bar, _jobs(params, space, layout, work, identity))
        study = Study(Record(storage, name, check), Proposals(space, settings), executor, shown.job, shown.end)
        trials = study.run(settings.trials, settings.window)
        # before the study may be run by another process, whose trials would have their checkpoints in these folders
        for folder in work.glob("trial-*"):
            shutil.rmtree(folder)
    _write(layout.out("search"), space, trials, choose(trials, settings.margin))


class _Shown:
    """Makes jobs, shows how they end, and records both for the flow that started the stage."""

    def __init__(self, bar: Progress, job: MakeJob) -> None:
        self._bar, self._job = bar, job
        self._begun = set[int]()

    def job(self, trial: FrozenTrial, number: int, thresholds: dict[int, float]) -> Job:
        """Make the job of a trial that begins."""
        self._begun.add(number)
        self._bar.record("trial", {"number": number, "params": trial.params})
        return self._job(trial, number, thresholds)

    def end(self, number: int, outcome: Outcome) -> None:
        """Show how a trial ended; the flow knows those of an interrupted search already."""
        value = {} if outcome.score is None else {"value": outcome.score}
        self._bar.advance(1, trial=str(number), state=outcome.state, **value)
        if number in self._begun:
            for epoch, score in enumerate(outcome.scores):
                self._bar.record("trial", {"number": number, "epoch": epoch, "score": score})
            ended = {"state": outcome.state, "value": outcome.score, "reason": outcome.reason}
            self._bar.record("trial", {"number": number, **ended})


def _executor(storage: RDBStorage, name: str, window: int, work: Path) -> Executor:
    """Return the engine that HEELSTRIKE_EXECUTOR names; by default a process for each core, at most `search.window`."""
    import torch

    chosen = engine()
    if chosen.kind == "study":
        if is_local_file(str(storage.url)):
            raise UserError(f"{EXECUTOR}=study: workers on other machines need a database server; set {STUDY_URL}")
        return Queue(storage, name, window)
    return executor(chosen, min(window, os.cpu_count() or 1), work / "jobs", torch.cuda.device_count())


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


def _identity(params: ProblemParams, prepared: Path) -> Identity:
    """Return what the trials' scores depend on besides their settings.

    Raises:
        UserError: An array is missing.
    """
    for split in TRAINED_ON:
        for name in array_shapes(params.problem):
            if not (path := prepared / split / f"{name}.npy").is_file():
                raise UserError(f"{path} does not exist; run the prepare stage first")
    return Identity.here(prepared)


def _settings_digest(params: ProblemParams) -> str:
    """Return the digest of all settings that trials depend on: all but their number and what chooses among them."""
    sections = params.model_dump(mode="json", include={"problem", "search", "model", "train", "augment"})
    return json_digest({**sections, "search": {**sections["search"], "trials": 0, "margin": 0}})


def _jobs(params: ProblemParams, space: Space, layout: Layout, work: Path, identity: Identity) -> MakeJob:
    problem = params.problem.model_dump(mode="json")

    def job(trial: FrozenTrial, number: int, thresholds: dict[int, float]) -> Job:
        return Job(
            number=number,
            plan={"problem": problem, **space.short(trial.params)},
            thresholds=thresholds,
            prepared=layout.out("prepare"),
            images=params.search.images,
            seed=params.search.seed,
            work=work / f"trial-{number}",
            root=layout.root,
            identity=identity,
        )

    return job


_COLUMNS = ["number", "state", "value", "epochs", "reason"]


def _write(out: Path, space: Space, trials: list[FrozenTrial], best: FrozenTrial | None) -> None:
    rows = [described(trial) for trial in trials]
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
