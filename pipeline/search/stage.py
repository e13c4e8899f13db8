"""Stage `search`: reads the prepared arrays and writes the best settings as a file for the train stage."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial

from heelstrike.cores import cores
from heelstrike.errors import UserError
from heelstrike.files import folder_aside, json_digest, write_aside, write_json
from heelstrike.progress import Progress, print_line, progress
from heelstrike.stores import is_local_file
from pipeline.executors.base import Executor
from pipeline.executors.choose import EXECUTOR, STUDY_URL, engine, executor
from pipeline.heads.arrays import array_shapes
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.search.alone import alone
from pipeline.search.bare_worker import study_prefix
from pipeline.search.choose import choose, front
from pipeline.search.identity import Identity
from pipeline.search.proposals import Proposals
from pipeline.search.queue import Queue
from pipeline.search.record import Record, described, open_storage
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.study import MakeJob, Study
from pipeline.search.trial import Job, Outcome, Rung
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
        _write(layout.out("search"), space, [], None, settings)
        return
    identity = _identity(params, layout.out("prepare"))
    name, work = _name(params, layout, identity)
    work.mkdir(parents=True, exist_ok=True)
    with (
        open_storage(_url(work)) as storage,
        alone(storage, name) as check,
        progress(f"search {layout.problem}", settings.trials) as bar,
        _executor(storage, name, settings.window, work) as executor,
    ):
        shown = _Shown(bar, make_jobs(params, space, layout, work, identity))
        proposals = Proposals(space, settings)
        record = Record(storage, name, len(settings.objectives), check)
        study = Study(record, proposals, executor, shown.job, shown.end)
        trials = study.run(settings.trials, settings.window)
        # before the study may be run by another process, whose trials would have their checkpoints in these folders
        for folder in work.glob("trial-*"):
            shutil.rmtree(folder)
    if proposals.ended and len(trials) < settings.trials:
        print_line(f"search {layout.problem}: ended after {len(trials)} trials: {proposals.ended}", sys.stderr)
    _write(layout.out("search"), space, trials, choose(trials, settings), settings, proposals.ended)


def trials_of_record(params: ProblemParams, layout: Layout) -> int:
    """Return how many trials the study with these settings has in this code, with these packages and this data.

    Raises:
        UserError: The study's database cannot be used, or an array is missing.
    """
    name, work = _name(params, layout, _identity(params, layout.out("prepare")))
    if not os.environ.get(STUDY_URL) and not (work / "study.db").is_file():
        return 0
    with open_storage(_url(work)) as storage:
        names = {study.study_name: study._study_id for study in storage.get_all_studies()}
        return storage.get_n_trials(names[name]) if name in names else 0


class _Shown:
    """Makes jobs, shows how they end, and records both for the flow that started the stage."""

    def __init__(self, bar: Progress, job: MakeJob) -> None:
        self._bar, self._job, self._engine = bar, job, engine().kind
        self._begun = set[int]()

    def job(self, trial: FrozenTrial, number: int, rungs: tuple[Rung, ...]) -> Job:
        """Make the job of a trial that begins."""
        self._begun.add(number)
        self._bar.record("trial", {"number": number, "params": trial.params})
        return self._job(trial, number, rungs)

    def end(self, number: int, outcome: Outcome) -> None:
        """Show how a trial ended; the flow knows those of an interrupted search already."""
        value = {} if outcome.score is None else {"value": outcome.score}
        self._bar.advance(1, trial=str(number), state=outcome.state, **value)
        if number in self._begun:
            for epoch, score in enumerate(outcome.scores):
                self._bar.record("trial", {"number": number, "epoch": epoch, "score": score})
            ended = outcome.model_dump(include={"state", "reason", "seconds", "worker"}) | {"value": outcome.score}
            self._bar.record("trial", {"number": number, **ended, "engine": self._engine})


def _executor(storage: RDBStorage, name: str, window: int, work: Path) -> Executor:
    """Return the engine that HEELSTRIKE_EXECUTOR names; by default a process for each core, at most `search.window`."""
    import torch

    chosen = engine()
    if chosen.kind == "study":
        if is_local_file(str(storage.url)):
            raise UserError(f"{EXECUTOR}=study: workers on other machines need a database server; set {STUDY_URL}")
        return Queue(storage, name, window)
    return executor(chosen, min(window, cores()), work / "jobs", torch.cuda.device_count())


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


def _name(params: ProblemParams, layout: Layout, identity: Identity) -> tuple[str, Path]:
    """Return the study's name, and its folder for databases and checkpoints."""
    name = study_prefix(layout, identity) + _settings_digest(params)[:16]
    return name, layout.work("search", name.removeprefix(f"{layout.problem}-"))


def _url(work: Path) -> str:
    return os.environ.get(STUDY_URL) or f"sqlite:///{(work / 'study.db').resolve()}"


_CHOOSES = {"trials", "margin", "within", "patience", "max_epochs", "max_hours"}


def _settings_digest(params: ProblemParams) -> str:
    """Return the digest of all settings that trials depend on: all but their number and what chooses among them."""
    sections = params.model_dump(mode="json", include={"problem", "search", "model", "train", "augment"})
    search = {name: value for name, value in sections["search"].items() if name not in _CHOOSES}
    return json_digest({**sections, "search": search})


def make_jobs(params: ProblemParams, space: Space, layout: Layout, work: Path, identity: Identity) -> MakeJob:
    """Return what makes the jobs of a study's trials.

    Args:
        params: The problem's section of params.yaml.
        space: Its search space.
        layout: The repository and the problem, whose arrays are prepared.
        work: Folder for checkpoints.
        identity: Code, packages and data of the search.
    """
    problem = params.problem.model_dump(mode="json")

    def job(trial: FrozenTrial, number: int, rungs: tuple[Rung, ...]) -> Job:
        return Job(
            number=number,
            plan={"problem": problem, **space.short(trial.params)},
            rungs=rungs,
            prepared=layout.out("prepare"),
            images=params.search.images,
            objectives=params.search.objectives,
            seed=params.search.seed,
            work=work / f"trial-{number}",
            root=layout.root,
            identity=identity,
        )

    return job


_NOT_IN_THE_TABLE = ("params", "rungs", "scores")


def _write(
    out: Path,
    space: Space,
    trials: list[FrozenTrial],
    best: FrozenTrial | None,
    settings: SearchSettings,
    ended: str = "",
) -> None:
    objectives = settings.objectives
    described_trials = [described(trial, objectives) for trial in trials]
    study: dict[str, Any] = {
        "best": best and best.number,
        "ended": ended if len(trials) < settings.trials else "",
        "objectives": list(objectives),
        "front": front(trials),
        "candidates": {label: candidate.model_dump(mode="json") for label, candidate in space.candidates.items()},
        "trials": described_trials,
    }
    rows = [
        {name: value for name, value in trial.items() if name not in _NOT_IN_THE_TABLE} | trial["params"]
        for trial in described_trials
    ]
    table = pd.DataFrame(
        rows,
        columns=[
            *("number", "state", "value", *objectives[1:], "epochs", "reason"),
            *sorted({name for trial in trials for name in trial.params}),
        ],
    )
    with folder_aside(out) as folder:
        write_json(folder / "best.json", space.sections(best.params if best else {}))
        write_json(folder / "study.json", study)
        with write_aside(folder / "trials.csv") as aside:
            for_spreadsheets(table).to_csv(aside, index=False)
