"""The study's bookkeeping, with scores that cost nothing: a trial's score is a function of what it tries."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from heelstrike.errors import UserError
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.stage import choose
from pipeline.search.study import close_study, open_study, run_study, sqlite_url
from pipeline.search.worker import Outcome
from tests.listeners import listener

Report = Callable[[int, int, float], bool]


class Killed(BaseException):
    """Stands for what ends the process."""


class Scores:
    """Runs a batch; the score is worse the farther the learning rate is from 0.003. Dies before `die_at` calls."""

    def __init__(self, epochs: int = 3, die_at: int | None = None, reverse: bool = False) -> None:
        self.epochs, self.left, self.reverse = epochs, die_at, reverse
        self.ran: list[int] = []

    def __call__(self, trials: list[FrozenTrial], report: Report, ended: Callable[[int, Outcome], None]) -> None:
        for trial in reversed(trials) if self.reverse else trials:
            self.ran.append(trial.number)
            ended(trial.number, self._outcome(trial, report))

    def _outcome(self, trial: FrozenTrial, report: Report) -> Outcome:
        off = abs(math.log10(trial.params["train.lr"] / 0.003))
        if off > 2.2:
            return Outcome("failed", reason="diverged")
        for epoch in range(self.epochs):
            if self.left is not None:
                if self.left == 0:
                    raise Killed
                self.left -= 1
            if not report(trial.number, epoch, off + 1 / (epoch + 1)):
                return Outcome("pruned")
        return Outcome("complete", off + 1 / self.epochs)


def search(params: Any, path: Path, scores: Scores) -> list[FrozenTrial]:
    given = params(trials=12, workers=3)
    study = open_study(sqlite_url(path), "study", given.search)
    return run_study(study, Space(given), given.search, scores, lambda trial: None)


def facts(trials: list[FrozenTrial]) -> list[Any]:
    return [(t.number, t.state, t.value, t.params, t.intermediate_values) for t in trials]


def test_pruning_fires_and_only_on_bad_trials(params: Any, tmp_path: Path) -> None:
    trials = search(params, tmp_path / "study.db", Scores())
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    assert len(trials) == 12
    assert pruned
    assert all(len(t.intermediate_values) < 3 for t in pruned)
    best = min(t.value for t in complete)
    assert all(min(t.intermediate_values.values()) > best for t in pruned)


def test_the_first_trial_is_the_given_settings(params: Any, tmp_path: Path) -> None:
    first = search(params, tmp_path / "study.db", Scores())[0]
    assert first.params["train.lr"] == 0.01
    assert first.state == TrialState.COMPLETE


def test_what_ends_first_does_not_matter(params: Any, tmp_path: Path) -> None:
    one = search(params, tmp_path / "one.db", Scores())
    two = search(params, tmp_path / "two.db", Scores(reverse=True))
    assert facts(one) == facts(two)


@pytest.mark.parametrize("calls", range(1, 15, 3))
def test_goes_on_to_the_same_trials_wherever_it_was_killed(params: Any, tmp_path: Path, calls: int) -> None:
    undisturbed = search(params, tmp_path / "undisturbed.db", Scores())
    total = sum(len(t.intermediate_values) for t in undisturbed)
    if calls >= total:
        pytest.skip(f"the study has only {total} epochs")
    with pytest.raises(Killed):
        search(params, tmp_path / "killed.db", Scores(die_at=calls))
    again = Scores()
    assert facts(search(params, tmp_path / "killed.db", again)) == facts(undisturbed)
    assert len(again.ran) < 12 or calls < 4, "finished trials were run again"


def test_a_finished_study_is_begun_anew(params: Any, tmp_path: Path) -> None:
    given = params(trials=3, workers=3)
    for _ in range(2):
        study = open_study(sqlite_url(tmp_path / "study.db"), "study", given.search)
        assert not study.trials
        scores = Scores()
        run_study(study, Space(given), given.search, scores, lambda trial: None)
        assert scores.ran == [0, 1, 2]
        close_study(study)


def test_a_trial_must_beat_the_given_settings_by_the_margin(params: Any, tmp_path: Path) -> None:
    trials = search(params, tmp_path / "study.db", Scores())
    best = min((t for t in trials if t.state == TrialState.COMPLETE), key=lambda t: t.value)
    assert best.value < trials[0].value
    gain = 1 - best.value / trials[0].value
    assert choose(trials, gain * 0.9).number == best.number
    assert choose(trials, gain * 1.1).number == 0


def test_no_completed_trial_is_a_message(params: Any, tmp_path: Path) -> None:
    class Failing(Scores):
        def _outcome(self, trial: FrozenTrial, report: Report) -> Outcome:
            return Outcome("failed", reason="diverged")

    with pytest.raises(UserError, match=r"no trial was completed \(trial 0: diverged; trial 1: diverged"):
        choose(search(params, tmp_path / "study.db", Failing()), 0.1)


def test_a_database_that_is_not_there_is_a_message_without_the_password(params: Any) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/study"
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9/study cannot be used") as caught:
        open_study(url, "study", params().search)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:S3cret@db/x", "HEELSTRIKE_STUDY_URL is 'mysql://u:***@db/x', which cannot be used; expected"),
        ("redis://u:S3cret@db/x", "expected sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("sqlite://", "which names no file"),
    ],
)
def test_an_address_that_cannot_be_used_names_those_that_can(url: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        open_study(url, "s", SearchSettings())
    assert message in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_a_database_that_says_nothing_is_one_line_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")
    monkeypatch.setenv("HEELSTRIKE_STORE_TIMEOUT", "0.4")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with listener("silent") as port, pytest.raises(UserError) as caught:
        open_study(f"postgresql://u:S3cret@127.0.0.1:{port}/x", "s", SearchSettings())
    assert f"the study's database postgresql://u:***@127.0.0.1:{port}/x cannot be used: " in str(caught.value)
    assert "gave no answer within 0.4 s" in str(caught.value)
    assert "S3cret" not in str(caught.value)
