"""When a search ends before its last trial."""

from pipeline.search.ending import Ending
from pipeline.search.settings import SearchSettings
from pipeline.search.trial import Outcome


def complete(score: float, seconds: float = 0.0) -> Outcome:
    scores = (score,) * 17
    return Outcome(state="complete", score=score, scores=scores, rungs=(3, 5, 9), seconds=seconds)


def test_patience_counts_trials_without_an_error_lower_by_a_percent() -> None:
    ending = Ending(SearchSettings(patience=3))
    for score in (1.0, 0.995, 0.98, 0.975, 2.0):
        ending.tell(complete(score))
        assert ending.reason == ""
    ending.tell(Outcome(state="failed", reason="diverged"))
    assert ending.reason == "3 trials in a row brought no error lower by 1% (search.patience)"


def test_epochs_are_counted_by_their_images() -> None:
    ending = Ending(SearchSettings(epochs=9, max_epochs=14))
    ending.tell(complete(1.0))
    assert ending.epochs == 3 / 3 + 5 * 0.6 + 9
    assert ending.reason == ""
    ending.tell(Outcome(state="pruned", scores=(1.0,) * 3, rungs=(3,)))
    assert ending.reason == "the trials took 14.0 epochs of 256 images (search.max_epochs)"


def test_hours_are_the_sum_over_trials() -> None:
    ending = Ending(SearchSettings(max_hours=1))
    ending.tell(complete(1.0, 1800.0))
    assert ending.reason == ""
    ending.tell(complete(1.0, 1800.0))
    assert ending.reason == "the trials took 1.00 hours (search.max_hours)"


def test_without_limits_it_goes_on() -> None:
    ending = Ending(SearchSettings())
    for _ in range(100):
        ending.tell(complete(1.0, 1e6))
    assert ending.reason == ""
