"""When a search ends before its last trial: a budget is used up, or nothing is to be gained."""

from pipeline.search.rungs import bracket_of, ladder
from pipeline.search.settings import SearchSettings
from pipeline.search.trial import Outcome

GAIN = 0.01
"""Share by which an error must be lower than the best one before it to count as a gain."""


class Ending:
    """Learns the outcomes in the order of their numbers, so that its word depends on nothing else.

    Args:
        settings: Budgets and patience.
    """

    def __init__(self, settings: SearchSettings) -> None:
        self._settings, self._shares = settings, [rung.share for rung in ladder(settings)]
        self._told, self._seconds = 0, 0.0
        self._best, self._gained = float("inf"), 0
        self.epochs = 0.0
        """Epochs of `search.images` images that the trials took."""

    def tell(self, outcome: Outcome) -> None:
        """Learn the outcome of the next trial."""
        shares = self._shares[bracket_of(self._told, self._settings) :]
        self.epochs += sum(epochs * share for epochs, share in zip(outcome.rungs, shares, strict=False))
        self._seconds += outcome.seconds
        self._told += 1
        if outcome.score is not None and not outcome.score > (1 - GAIN) * self._best:
            self._best, self._gained = outcome.score, self._told

    @property
    def reason(self) -> str:
        """Why no further trial begins; empty as long as one may."""
        settings, idle = self._settings, self._told - self._gained
        if settings.patience and idle >= settings.patience:
            return f"{idle} trials in a row brought no error lower by {GAIN:.0%} (search.patience)"
        if settings.max_epochs is not None and self.epochs >= settings.max_epochs:
            return f"the trials took {self.epochs:.1f} epochs of {settings.images} images (search.max_epochs)"
        if settings.max_hours is not None and self._seconds >= 3600 * settings.max_hours:
            return f"the trials took {self._seconds / 3600:.2f} hours (search.max_hours)"
        return ""
