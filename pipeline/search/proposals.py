"""What a trial tries and when it is pruned, from the seed, its number and the outcomes of earlier trials alone."""

import statistics

import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.search.record import write_end
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.trial import Outcome


class Proposals:
    """Proposes trials in the order of their numbers by TPE, in a study of its own that is in memory.

    It is told the outcome of trial n before trial n + `window` is proposed, and not earlier. So it does not matter
    which of the trials that run at once ends first.

    Args:
        space: The search space.
        settings: Seed, window, and when pruning begins.
    """

    def __init__(self, space: Space, settings: SearchSettings) -> None:
        self._space, self._settings = space, settings
        self._storage = InMemoryStorage()
        self._study = optuna.create_study(storage=self._storage, sampler=RandomSampler(settings.seed))
        self._ids: list[int] = []
        self._complete: list[tuple[float, ...]] = []
        self.told = 0
        """Number of trials whose outcome is known here."""

    def tell(self, outcome: Outcome) -> None:
        """Learn the outcome of the next trial, in the order of their numbers."""
        write_end(self._storage, self._ids[self.told], outcome)
        self.told += 1
        if outcome.state == "complete":
            self._complete.append(outcome.scores)

    def add(self, proposal: FrozenTrial) -> None:
        """Take over a trial that an interrupted search proposed."""
        self._ids.append(self._storage.create_new_trial(self._study._study_id, proposal))

    def propose(self) -> FrozenTrial:
        """Return the next trial; the first has the settings of params.yaml."""
        number = len(self._ids)
        if number == 0:
            drawn = self._space.given()
            proposal = create_trial(state=TrialState.RUNNING, params=drawn.params, distributions=drawn.distributions)
            self.add(proposal)
            return proposal
        seed = self._settings.seed * 100_003 + number
        self._study.sampler = TPESampler(seed=seed, n_startup_trials=self._settings.startup)
        trial = self._study.ask()
        self._space.draw(trial)
        self._ids.append(trial._trial_id)
        drawn = self._storage.get_trial(trial._trial_id)
        return create_trial(state=TrialState.RUNNING, params=drawn.params, distributions=drawn.distributions)

    def thresholds(self) -> dict[int, float]:
        """Return the score of each epoch above which the next trial is pruned: the median of the complete trials.

        This is median pruning (Golovin et al., Google Vizier, KDD 2017, section 3.2.2). A trial that was ended by
        `train.early_stopping` counts in the epochs that it has.
        """
        settings = self._settings
        if len(self._complete) < min(settings.startup, 2 * settings.window):
            return {}
        reached = {
            epoch: [scores[epoch] for scores in self._complete if epoch < len(scores)]
            for epoch in range(settings.prune_after, settings.epochs)
        }
        return {epoch: statistics.median(scores) for epoch, scores in reached.items() if scores}
