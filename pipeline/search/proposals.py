"""What a trial tries and when it is pruned, from the seed, its number and the outcomes of earlier trials alone."""

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.search.ending import Ending
from pipeline.search.memory import Memory
from pipeline.search.rungs import Halving, bracket_of
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.trial import Outcome, Rung


def _sampler(seed: int, startup: int) -> TPESampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of `group`
        return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, group=True, constant_liar=True)


class Proposals:
    """Proposes trials in the order of their numbers by TPE.

    It is told the outcome of trial n before trial n + `window` is proposed, and not earlier. So it does not matter
    which of the trials that run at once ends first.

    TPE draws settings together that occur together (multivariate, by groups: the settings of one architecture and those
    of a condition are groups of their own), and takes running trials for bad ones, so that it does not repeat them.

    Args:
        space: The search space.
        settings: Seed, window, rungs and budgets.
    """

    def __init__(self, space: Space, settings: SearchSettings) -> None:
        self._space, self._settings = space, settings
        self._memory, self._halving = Memory(len(settings.objectives)), Halving(settings)
        self._first = space.first()
        self._ending = Ending(settings)
        self._proposed = 0
        self.told = 0
        """Number of trials whose outcome is known here."""

    def tell(self, outcome: Outcome) -> None:
        """Learn the outcome of the next trial, in the order of their numbers."""
        self._memory.tell(self.told, outcome, bracket_of(self.told, self._settings))
        if outcome.state != "failed":
            self._halving.tell(self.told, outcome.bests)
        self._ending.tell(outcome)
        self.told += 1

    def add(self, proposal: FrozenTrial) -> None:
        """Take over a trial that an interrupted search proposed."""
        self._memory.add(self._proposed, proposal)
        self._proposed += 1

    def propose(self) -> FrozenTrial:
        """Return the next trial; the first has the settings of params.yaml, then come those of `search.first`."""
        number = self._proposed
        if number < len(self._first):
            drawn = self._first[number]
            proposal = create_trial(state=TrialState.RUNNING, params=drawn.params, distributions=drawn.distributions)
            self.add(proposal)
            return proposal
        seed = (self._settings.seed * 100_003 + number) % 2**32
        self._proposed += 1
        return self._memory.ask(number, _sampler(seed, self._settings.startup), self._space.draw)

    def rungs(self) -> tuple[Rung, ...]:
        """Return the rungs of the trial that was proposed or added last, with the scores that it must reach."""
        number = self._proposed - 1
        return self._halving.rungs(number, known_good=number < len(self._first))

    @property
    def ended(self) -> str:
        """Why no further trial is worth its time; empty as long as one is."""
        return self._ending.reason
