"""The study in Optuna's database: the trials that were proposed, and how they ended."""

import contextlib
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError, SQLAlchemyError

from heelstrike.errors import UserError, first_line
from heelstrike.redact import redacted, without_password
from heelstrike.stores import check_database, is_local_file
from heelstrike.waits import limit_postgres
from pipeline.executors.choose import STUDY_URL
from pipeline.search.trial import Outcome

_NUMBER, _OUTCOME = "number", "outcome"
_CREATIONS = 5  # times that the making of tables may collide with that of another process
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class DatabaseAwayError(UserError):
    """The study's database does not answer, or the connection to it broke. It may come back."""


class Record:
    """A study in a database. It holds no more than the proposals and outcomes, so that a killed search can go on.

    Args:
        storage: Optuna's storage.
        name: Name of the study; it is created if there is none.
        objectives: Number of objectives.
        check: Called before each change, to make sure that no other search runs the study (`alone`).
    """

    def __init__(
        self, storage: BaseStorage, name: str, objectives: int = 1, check: Callable[[], object] = lambda: None
    ) -> None:
        self._storage, self._check = storage, check
        try:
            self._study = storage.get_study_id_from_name(name)
        except KeyError:
            self._study = storage.create_new_study([StudyDirection.MINIMIZE] * objectives, name)
        self._ids = [trial._trial_id for trial in self.trials()]
        self._places = storage.get_n_trials(self._study)  # more than trials if some have the same number

    def __len__(self) -> int:
        return len(self._ids)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials in the order of their numbers.

        Optuna numbers trials as they come. Of two that were added as the same number (see `add`), the first one counts.
        """
        counted: dict[int, FrozenTrial] = {}
        for trial in self._storage.get_all_trials(self._study):
            # a study of an older version has no numbers of its own
            trial.number = trial.user_attrs.get(_NUMBER, trial.number)
            counted.setdefault(trial.number, trial)
        return [counted[number] for number in sorted(counted)]

    def add(self, proposal: FrozenTrial) -> None:
        """Add the next trial, which has not ended yet.

        Raises:
            UserError: Another search has added trials, which it could while the database was away.
        """
        self._check()
        number = len(self._ids)
        # asked for single trials, since reading all of them for each would make long studies slow
        with contextlib.suppress(KeyError):
            self._storage.get_trial_id_from_study_id_trial_number(self._study, self._places)
            raise _other_search(f"has more than the {number} trials that this search knows of")
        numbered = create_trial(
            state=proposal.state,
            params=proposal.params,
            distributions=proposal.distributions,
            user_attrs={_NUMBER: number},
        )
        trial_id = self._storage.create_new_trial(self._study, numbered)
        if self._storage.get_trial_number_from_id(trial_id) != self._places:  # another search was faster just now
            raise _other_search(f"has got its trial {number} from another search at the same moment")
        self._ids.append(trial_id)
        self._places += 1

    def end(self, number: int, outcome: Outcome) -> None:
        """Write how a trial ended. A call that was interrupted may be repeated.

        Raises:
            UserError: Another search has written it, which it could while the database was away.
        """
        self._check()
        try:
            _write_end(self._storage, self._ids[number], outcome)
        except optuna.exceptions.UpdateFinishedTrialError:
            raise _other_search(f"has the end of trial {number} already") from None

    def outcomes(self) -> dict[int, Outcome]:
        """Return how the trials that have ended did; the end of an interrupted `end` is written first."""
        ended = {t.number: t for t in self.trials() if _OUTCOME in t.user_attrs}
        outcomes = {number: outcome_of(trial) for number, trial in ended.items()}
        for number, trial in ended.items():
            if not trial.state.is_finished():
                self.end(number, outcomes[number])
        return outcomes


def _other_search(found: str) -> UserError:
    return UserError(
        f"search: the study {found}: another one has run it meanwhile; start the stage again, and it goes on from there"
    )


def _write_end(storage: BaseStorage, trial_id: int, outcome: Outcome) -> None:
    """Write how a trial ended into a storage: the best score of each rung, the outcome, and the state as the last."""
    for last, best in zip(accumulate(outcome.rungs), outcome.bests, strict=True):
        storage.set_trial_intermediate_value(trial_id, last - 1, best)
    storage.set_trial_user_attr(trial_id, _OUTCOME, outcome.model_dump_json())
    values = None
    if outcome.state == "complete" and outcome.score is not None:
        values = [outcome.score, *outcome.costs]
    elif outcome.state == "pruned":
        values = [outcome.bests[-1], *outcome.costs]
    storage.set_trial_state_values(trial_id, _STATES[outcome.state], values)


def outcome_of(trial: FrozenTrial) -> Outcome:
    """Return how a trial of a record ended."""
    return Outcome.model_validate_json(trial.user_attrs[_OUTCOME])


def reason_of(trial: FrozenTrial) -> str:
    """Return the reason why a trial failed; empty if it did not."""
    return outcome_of(trial).reason


@contextlib.contextmanager
def open_storage(url: str) -> Iterator[RDBStorage]:
    """Open the study's database; its errors within the block become messages.

    Raises:
        DatabaseAwayError: The database does not answer.
        UserError: The database cannot be used, or its address is not one that can be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    check_database(url, STUDY_URL)
    if not is_local_file(url):
        limit_postgres()
    try:
        storage = _storage(url)
        try:
            yield storage
        finally:
            storage.engine.dispose()
    except (SQLAlchemyError, ImportError, optuna.exceptions.OptunaError) as error:
        cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
        kind = DatabaseAwayError if isinstance(cause, OperationalError | InterfaceError) else UserError
        raise kind(
            f"search: the study's database {without_password(url)} cannot be used: "
            f"{first_line(redacted(str(cause), url))}; check {STUDY_URL} (docs/stores.md)"
        ) from None


def _storage(url: str) -> RDBStorage:
    """Open a storage, again if other processes make the same tables in a new database at the same moment."""
    for _ in range(_CREATIONS):
        with contextlib.suppress(IntegrityError, ProgrammingError):
            return RDBStorage(url)
        time.sleep(0.2)
    return RDBStorage(url)


def described(trial: FrozenTrial, objectives: tuple[str, ...] = ("error",)) -> dict[str, Any]:
    """Return number, state, value, epochs and reason of a trial, its objectives besides the error, and its scores."""
    outcome = outcome_of(trial)
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": outcome.score,
        **dict(zip(objectives[1:], outcome.costs, strict=False)),
        "epochs": len(outcome.scores),
        "reason": outcome.reason,
        "params": trial.params,
        "rungs": list(outcome.rungs),
        "scores": {str(epoch): score for epoch, score in enumerate(outcome.scores)},
    }
