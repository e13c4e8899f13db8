"""The study: trials in batches, so that whatever interrupts it, it goes on to the same result.

A batch is as many trials as there are workers. What each trial tries depends on the seed, its number and the batches
before; whether it is pruned, on the batches before; the trials of a batch are told to Optuna in order, once all have
ended. So no outcome depends on which process was faster, and a trial that was interrupted is run again as it was.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from heelstrike.errors import UserError
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.worker import Outcome

_OUTCOME, _FINISHED = "outcome", "finished"
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
# numbers of the trials to run, a listener to epochs, a listener to ends
RunBatch = Callable[[list[FrozenTrial], Callable[[int, int, float], bool], Callable[[int, Outcome], None]], None]


def open_study(url: str, name: str, settings: SearchSettings) -> optuna.Study:
    """The interrupted study of this name, or a new one; a finished one is begun anew.

    Raises:
        UserError: The database cannot be reached.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # a trial's history is the trials of earlier batches that were not pruned
    pruner = optuna.pruners.MedianPruner(
        n_startup_trials=min(settings.startup, 2 * settings.workers), n_warmup_steps=settings.prune_after
    )
    options: Any = {"study_name": name, "sampler": RandomSampler(settings.seed), "pruner": pruner}
    try:
        storage = optuna.storages.RDBStorage(url)
        study = optuna.create_study(storage=storage, load_if_exists=True, **options)
        if study.user_attrs.get(_FINISHED):
            optuna.delete_study(study_name=name, storage=storage)
            study = optuna.create_study(storage=storage, **options)
    except (SQLAlchemyError, ImportError, optuna.exceptions.OptunaError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"search: the study's database {_without_password(url)} cannot be used: {reason}") from None
    return study


def close_study(study: optuna.Study) -> None:
    """Mark the study as finished, its results written."""
    study.set_user_attr(_FINISHED, True)


def run_study(
    study: optuna.Study,
    space: Space,
    settings: SearchSettings,
    run_batch: RunBatch,
    told: Callable[[FrozenTrial], None],
) -> list[FrozenTrial]:
    """Run what is left of the study.

    Args:
        study: From `open_study`.
        space: What a trial may be.
        settings: Number of trials and of workers, seed.
        run_batch: Trains trials; see `RunBatch`.
        told: Called with every ended trial, those of an earlier call included.

    Returns:
        All trials, by number.
    """
    for start in range(0, settings.trials, settings.workers):
        numbers = range(start, min(start + settings.workers, settings.trials))
        for number in numbers:
            if number >= len(study.trials):
                study.add_trial(_proposal(study, space, settings, number, start))
        batch = [study.trials[number] for number in numbers]
        _run_missing(study, [trial for trial in batch if _OUTCOME not in trial.user_attrs], run_batch)
        for number in numbers:
            _tell(study, number)
            told(study.trials[number])
    return study.trials


def _proposal(study: optuna.Study, space: Space, settings: SearchSettings, number: int, start: int) -> FrozenTrial:
    """Trial `number` as TPE proposes it, knowing the trials before `start`; the first is the given settings."""
    if number == 0:
        drawn = space.given()
    else:
        sampler = TPESampler(seed=settings.seed * 100_003 + number, n_startup_trials=settings.startup)
        scratch = optuna.create_study(sampler=sampler)
        scratch.add_trials([trial for trial in study.trials[:start] if trial.state.is_finished()])
        space.draw(scratch.ask())
        drawn = scratch.trials[-1]
    return create_trial(state=TrialState.RUNNING, params=drawn.params, distributions=drawn.distributions)


def _run_missing(study: optuna.Study, missing: list[FrozenTrial], run_batch: RunBatch) -> None:
    if not missing:
        return
    trials = {trial.number: Trial(study, trial._trial_id) for trial in missing}
    known = {trial.number: set(trial.intermediate_values) for trial in missing}

    def report(number: int, epoch: int, score: float) -> bool:
        if epoch not in known[number]:  # a trial that is run again reports what it did before
            trials[number].report(score, epoch)
        return not trials[number].should_prune()

    def ended(number: int, outcome: Outcome) -> None:
        trials[number].set_user_attr(_OUTCOME, [outcome.state, outcome.score, outcome.reason])

    run_batch(missing, report, ended)


def _tell(study: optuna.Study, number: int) -> None:
    trial = study.trials[number]
    if not trial.state.is_finished():
        state, score, _ = trial.user_attrs[_OUTCOME]
        study.tell(number, score, state=_STATES[state])


def reason_of(trial: FrozenTrial) -> str:
    """Why a trial failed, or nothing."""
    return str(trial.user_attrs[_OUTCOME][2])


def sqlite_url(path: Path) -> str:
    """Address of an SQLite database, made with its folder when it is first used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path.resolve()}"


def _without_password(url: str) -> str:
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://...@{after}" if at else url
