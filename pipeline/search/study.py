"""The study: it runs trials in batches, so that it continues to the same result after any interruption.

A batch has as many trials as there are workers. The settings of a trial depend on the seed, its number and the earlier
batches. Its pruning depends on the earlier batches alone. Optuna gets the results of a batch in order, after all of its
trials have ended. So no result depends on which process was faster, and an interrupted trial is repeated exactly.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted, without_password
from heelstrike.stores import check_database, is_local_file
from heelstrike.waits import limit_postgres
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.worker import Outcome, Report

STUDY_URL = "HEELSTRIKE_STUDY_URL"
_OUTCOME, _FINISHED = "outcome", "finished"
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
Ended = Callable[[int, Outcome], None]
# arguments: the trials to run, a callback for each epoch, a callback for each ended trial
RunBatch = Callable[[list[FrozenTrial], Report, Ended], None]


def open_study(url: str, name: str, settings: SearchSettings) -> optuna.Study:
    """Open the interrupted study of this name, or create a new one. A finished study is started again.

    Raises:
        UserError: The database cannot be reached, or its address is not one that can be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # the pruner compares a trial with the trials of earlier batches that were not pruned
    pruner = optuna.pruners.MedianPruner(
        n_startup_trials=min(settings.startup, 2 * settings.workers), n_warmup_steps=settings.prune_after
    )
    check_database(url, STUDY_URL)
    if not is_local_file(url):
        limit_postgres()
    options: Any = {"study_name": name, "sampler": RandomSampler(settings.seed), "pruner": pruner}
    try:
        storage = optuna.storages.RDBStorage(url)
        study = optuna.create_study(storage=storage, load_if_exists=True, **options)
        if study.user_attrs.get(_FINISHED):
            optuna.delete_study(study_name=name, storage=storage)
            study = optuna.create_study(storage=storage, **options)
    except (SQLAlchemyError, ImportError, optuna.exceptions.OptunaError) as error:
        raise UserError(
            f"search: the study's database {without_password(url)} cannot be used: "
            f"{first_line(redacted(str(error), url))}; check {STUDY_URL} (docs/stores.md)"
        ) from None
    return study


def close_study(study: optuna.Study) -> None:
    """Mark the study as finished, after its results were written."""
    study.set_user_attr(_FINISHED, True)


def run_study(
    study: optuna.Study,
    space: Space,
    settings: SearchSettings,
    run_batch: RunBatch,
    on_ended: Callable[[FrozenTrial], None],
) -> list[FrozenTrial]:
    """Run the trials of the study that have not ended yet.

    Args:
        study: Study from `open_study`.
        space: The search space.
        settings: Number of trials, number of workers, seed.
        run_batch: Function that trains a batch of trials.
        on_ended: Called with every ended trial, including those of an earlier call.

    Returns:
        All trials in the order of their numbers.
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
            on_ended(study.trials[number])
    return study.trials


def _proposal(study: optuna.Study, space: Space, settings: SearchSettings, number: int, start: int) -> FrozenTrial:
    """Return trial `number` as TPE proposes it from the trials before `start`; trial 0 has those of params.yaml."""
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
        if epoch not in known[number]:  # a repeated trial reports the same epochs again
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
    """Return the reason why a trial failed; empty if it did not."""
    return str(trial.user_attrs[_OUTCOME][2])


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite database and create its folder. The database is created when it is first used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path.resolve()}"
