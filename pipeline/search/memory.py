"""Optuna's study in memory, from which TPE proposes. It holds a bounded number of trials."""

from collections.abc import Callable
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from pipeline.search.trial import Outcome

KEPT = 200
"""Ended trials that stay when there are twice as many, so that a proposal's time does not grow with the study."""


class _Storage(InMemoryStorage):
    """Without the notes that TPE writes for other processes, so that a trial which is taken over counts the same."""

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        if not key.startswith("tpe:"):
            super().set_trial_system_attr(trial_id, key, value)


class Memory:
    """The trials that TPE knows: those that have ended, and those that run, which it avoids to repeat.

    Of a long study it knows the best and the latest ended trials, half of each.

    Args:
        objectives: Number of objectives.
    """

    def __init__(self, objectives: int) -> None:
        self._objectives = objectives
        self._ids: dict[int, int] = {}
        self._ended: dict[int, tuple[int, float, float]] = {}
        self._study = self._new()

    def ask(self, number: int, sampler: BaseSampler, draw: Callable[[Trial], None]) -> FrozenTrial:
        """Return the settings of the next trial, which then counts as running."""
        self._study.sampler = sampler
        trial = self._study.ask()
        draw(trial)
        self._ids[number] = trial._trial_id
        drawn = self._study._storage.get_trial(trial._trial_id)
        return create_trial(state=TrialState.RUNNING, params=drawn.params, distributions=drawn.distributions)

    def add(self, number: int, proposal: FrozenTrial) -> None:
        """Add a running trial that was proposed elsewhere."""
        self._ids[number] = self._study._storage.create_new_trial(self._study._study_id, proposal)

    def tell(self, number: int, outcome: Outcome, first_rung: int = 0) -> None:
        """Learn how a trial ended. Of those that were pruned, TPE takes one that came farther for the better one.

        Args:
            number: Number of the trial.
            outcome: How it ended.
            first_rung: Rung at which it began.
        """
        storage, trial_id = self._study._storage, self._ids[number]
        if outcome.state == "complete" and outcome.score is not None:
            storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [outcome.score, *outcome.costs])
            self._ended[number] = 0, 0.0, outcome.score
        elif outcome.state == "pruned":
            reached = first_rung + len(outcome.bests)
            self._ended[number] = 1, -float(reached), outcome.bests[-1]
            self._tell_pruned(trial_id, outcome, reached)
        else:
            storage.set_trial_state_values(trial_id, TrialState.FAIL)
            del self._ids[number]
        if len(self._ended) >= 2 * KEPT:
            self._forget()

    def _tell_pruned(self, trial_id: int, outcome: Outcome, reached: int) -> None:
        """Write the end of a pruned trial.

        With several objectives, Optuna's TPE refuses studies with pruned trials. There it is a trial that violates a
        constraint, the more the earlier and the worse it ended, which TPE ranks behind all others in the same order.
        """
        storage, best = self._study._storage, outcome.bests[-1]
        if self._objectives == 1:
            storage.set_trial_intermediate_value(trial_id, reached, best)
            storage.set_trial_state_values(trial_id, TrialState.PRUNED, [best])
            return
        violation = 1000.0 - reached + abs(best) / (1 + abs(best))
        storage.set_trial_system_attr(trial_id, "constraints:pruned", violation)
        storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [best, *outcome.costs])

    def _forget(self) -> None:
        """Begin the study again with the best, the latest and the running trials, in the order of their numbers."""
        ended = sorted(self._ended)
        latest = ended[-KEPT // 2 :]
        best = sorted(ended[: -KEPT // 2], key=lambda number: (self._ended[number], number))[: KEPT - len(latest)]
        kept = {*latest, *best}
        old = self._study._storage
        trials = {n: old.get_trial(i) for n, i in self._ids.items() if n in kept or n not in self._ended}
        self._ended = {number: rank for number, rank in self._ended.items() if number in kept}
        self._ids, self._study = {}, self._new()
        for number in sorted(trials):
            self.add(number, trials[number])

    def _new(self) -> optuna.Study:
        directions = [StudyDirection.MINIMIZE] * self._objectives
        return optuna.create_study(storage=_Storage(), directions=directions)
