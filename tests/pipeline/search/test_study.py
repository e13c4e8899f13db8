"""The study's bookkeeping, with scores that cost nothing: a trial's score is a function of what it tries."""

import math
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import IntegrityError

from heelstrike.errors import UserError
from pipeline.executors.base import Executor, WorkerDiedError
from pipeline.search.alone import alone
from pipeline.search.bare_worker import work
from pipeline.search.choose import choose, front
from pipeline.search.identity import Identity
from pipeline.search.proposals import Proposals
from pipeline.search.record import Record, open_storage
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.study import Study
from pipeline.search.trial import Job, Outcome, Rung
from tests.listeners import listener
from tests.stores import kill_postgresql, postgresql

TRIALS, WINDOW = 12, 3


def score(job: Job) -> Outcome:
    """The score is worse the farther the learning rate is from 0.003, and the shorter the training."""
    off = abs(math.log10(job.plan["lr"] / 0.003))
    if off > 2.2:
        return Outcome(state="failed", reason="diverged")
    scores: list[float] = []
    rungs: list[int] = []
    for rung in job.rungs:
        scores += [off + 1 / (epoch + 1) for epoch in range(rung.epochs)]
        rungs.append(rung.epochs)
        if rung.ends(scores[-1]):
            return Outcome(state="pruned", scores=tuple(scores), rungs=tuple(rungs))
    return Outcome(state="complete", score=scores[-1], scores=tuple(scores), rungs=tuple(rungs))


class Killed(BaseException):
    """Stands for what ends the search's process."""


class Here(Executor):
    """Runs jobs in this process: at their submission, or in a thread in an order that a seed decides.

    Its search is killed at submission `die_at`. Of the trials in `deadly`, the first attempts die, as often as stated.
    """

    workers = WINDOW

    def __init__(
        self, seed: int | None = None, die_at: int | None = None, deadly: dict[int, int] | None = None
    ) -> None:
        self.ran: list[int] = []
        self._order, self._die_at = None if seed is None else random.Random(seed), die_at
        self._deadly = dict(deadly or {})
        self._waiting: list[tuple[Any, Job, Future[Any]]] = []
        self._closed = threading.Event()
        if self._order is not None:
            threading.Thread(target=self._run_all, daemon=True).start()

    def submit(self, function: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        if self._die_at is not None and len(self.ran) == self._die_at:
            raise Killed
        self.ran.append(argument.number)
        future: Future[Any] = Future()
        self._waiting.append((function, argument, future))
        if self._order is None:
            self._run(0)
        return future

    def _run_all(self) -> None:
        while not self._closed.wait(0.002):
            if self._waiting and self._order is not None:
                self._run(self._order.randrange(len(self._waiting)))

    def _run(self, which: int) -> None:
        function, job, future = self._waiting.pop(which)
        if self._deadly.get(job.number, 0):
            self._deadly[job.number] -= 1
            future.set_exception(WorkerDiedError("exit code -9"))
        else:
            future.set_result(function(job))

    def close(self) -> None:
        self._closed.set()


def job(trial: FrozenTrial, number: int, rungs: tuple[Rung, ...]) -> Job:
    return Job(
        number=number,
        plan={"lr": trial.params["train.lr"]},
        rungs=rungs,
        prepared=Path(),
        images=1,
        seed=1,
        work=Path(),
        identity=Identity(code="", packages="", data=""),
    )


def search(params: Any, path: Path, executor: Any = None, trials: int = TRIALS, **search: Any) -> list[FrozenTrial]:
    given = params(trials=trials, window=WINDOW, **search)
    with open_storage(f"sqlite:///{path}") as storage:
        proposals = Proposals(Space(given), given.search)
        with executor or Here() as begun:
            study = Study(Record(storage, "study"), proposals, begun, job, lambda *_: None, run_job=score)
            return study.run(trials, WINDOW)


def with_storage(url: str) -> None:
    with open_storage(url):
        pass


def facts(trials: list[FrozenTrial]) -> list[Any]:
    return [(t.number, t.state, t.values, t.params, t.intermediate_values, t.user_attrs) for t in trials]


def test_pruning_fires_and_only_on_bad_trials(params: Any, tmp_path: Path) -> None:
    trials = search(params, tmp_path / "study.db")
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    assert len(trials) == 12
    assert pruned
    assert all(len(t.intermediate_values) < 3 for t in pruned)
    best = min(t.value for t in complete)
    assert all(min(t.intermediate_values.values()) > best for t in pruned)


def test_the_first_trials_are_the_given_settings_and_those_that_are_known_to_be_good(
    params: Any, tmp_path: Path
) -> None:
    given = search(params, tmp_path / "study.db")[0]
    assert given.params["train.lr"] == 0.01
    assert given.state == TrialState.COMPLETE
    first = [{"train.lr": 0.01}, {"train.lr": 0.003}, {"architecture": "multihead", "train.lr": 0.002}]
    trials = search(params, tmp_path / "warm.db", first=first)
    assert [trial.params["train.lr"] for trial in trials[:3]] == [0.01, 0.003, 0.002], "the given one stands once"
    assert trials[2].params["architecture"] == "multihead"
    assert "model.codec" not in trials[2].params


@pytest.mark.parametrize("seed", range(4))
def test_what_ends_first_does_not_matter(params: Any, tmp_path: Path, seed: int) -> None:
    one = search(params, tmp_path / "one.db")
    two = search(params, tmp_path / "two.db", Here(seed))
    assert facts(one) == facts(two)


def test_the_window_decides_what_a_trial_knows(params: Any, tmp_path: Path) -> None:
    proposals = Proposals(Space(params()), params().search)
    asked: list[int] = []
    given = proposals.propose
    proposals.propose = lambda: asked.append(proposals.told) or given()  # type: ignore[method-assign, func-returns-value]
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as storage:
        Study(Record(storage, "study"), proposals, Here(), job, lambda *_: None, run_job=score).run(8, 3)
    assert asked == [0, 0, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("calls", range(12))
def test_goes_on_to_the_same_trials_wherever_it_was_killed(params: Any, tmp_path: Path, calls: int) -> None:
    undisturbed = search(params, tmp_path / "undisturbed.db")
    with pytest.raises(Killed):
        search(params, tmp_path / "killed.db", Here(seed=calls, die_at=calls))
    again = Here()
    assert facts(search(params, tmp_path / "killed.db", again)) == facts(undisturbed)
    assert len(again.ran) <= TRIALS - calls + WINDOW, "trials that had ended were run again"


def test_a_trial_whose_worker_died_is_run_again_and_counted_once(params: Any, tmp_path: Path) -> None:
    undisturbed = search(params, tmp_path / "undisturbed.db")
    executor = Here(deadly={2: 2, 5: 1})
    assert facts(search(params, tmp_path / "deaths.db", executor)) == facts(undisturbed)
    assert executor.ran.count(2) == 3
    assert executor.ran.count(5) == 2


def test_a_trial_whose_worker_always_dies_has_failed_with_a_reason(params: Any, tmp_path: Path) -> None:
    trials = search(params, tmp_path / "deaths.db", Here(deadly={1: 99}))
    assert trials[1].state == TrialState.FAIL
    assert "its worker died 3 times (exit code -9); perhaps memory ran out" in trials[1].user_attrs["outcome"]
    assert [trial.state.is_finished() for trial in trials] == [True] * TRIALS


def test_more_trials_go_on_from_the_earlier_ones(params: Any, tmp_path: Path) -> None:
    search(params, tmp_path / "study.db", trials=5)
    more = Here()
    assert facts(search(params, tmp_path / "study.db", more)) == facts(search(params, tmp_path / "at_once.db"))
    assert sorted(more.ran) == list(range(5, TRIALS))
    fewer = Here()
    assert len(search(params, tmp_path / "study.db", fewer, trials=4)) == 4
    assert not fewer.ran


def test_every_seed_that_params_may_have_can_be_used(params: Any, tmp_path: Path) -> None:
    largest = search(params, tmp_path / "study.db", seed=2**32 - 1)
    other = search(params, tmp_path / "other.db", seed=2**32 - 2)
    assert [trial.params for trial in largest] != [trial.params for trial in other]


def test_workers_with_other_code_are_refused(params: Any, tmp_path: Path) -> None:
    class Other(Here):
        def submit(self, function: Any, argument: Any) -> "Future[Any]":
            return super().submit(lambda job: Outcome(state="refused", reason="this worker has other code"), argument)

    with pytest.raises(UserError, match=r"trial \d: this worker has other code; make its checkout the same as this"):
        search(params, tmp_path / "study.db", Other())


def test_two_searches_of_one_study_at_once_are_refused(tmp_path: Path) -> None:
    busy = pytest.raises(UserError, match="another process runs the study study")
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as storage, alone(storage, "study"):
        with alone(storage, "another"):
            pass
        with busy, alone(storage, "study"):
            pass


def test_a_search_goes_on_alone_when_postgresql_has_restarted() -> None:
    with postgresql() as server, open_storage(server.get_uri()) as storage:
        busy = pytest.raises(UserError, match="another process runs the study study since the database was away")
        with alone(storage, "study") as check:
            record = Record(storage, "study", check=check)
            record.add(create_trial(state=TrialState.RUNNING))
            kill_postgresql(server)
            server.ensure_postgres_running()
            record.end(0, Outcome(state="complete", scores=[1.0], score=1.0))
            with open_storage(server.get_uri()) as other:
                with pytest.raises(UserError, match="another process runs the study study;"), alone(other, "study"):
                    pass
                kill_postgresql(server)
                server.ensure_postgres_running()
                other.engine.dispose()
                with alone(other, "study"), busy:
                    record.add(create_trial(state=TrialState.RUNNING))
                Record(other, "study").add(create_trial(state=TrialState.RUNNING))
            with pytest.raises(UserError, match="has more than the 1 trials"):
                record.add(create_trial(state=TrialState.RUNNING))


def test_tables_that_another_process_makes_at_the_same_moment_are_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    collisions = [IntegrityError("", {}, Exception("pg_type_typname_nsp_index"))]

    def collide(url: str) -> RDBStorage:
        if collisions:
            raise collisions.pop()
        return RDBStorage(url)

    monkeypatch.setattr("pipeline.search.record.RDBStorage", collide)
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as storage:
        assert storage.get_all_studies() == []


def test_a_trial_must_beat_the_given_settings_by_the_margin(params: Any, tmp_path: Path) -> None:
    trials = search(params, tmp_path / "study.db", first=[{"train.lr": 0.004}])
    best = min((t for t in trials if t.state == TrialState.COMPLETE), key=lambda t: t.value)
    assert best.value < trials[0].value
    gain = 1 - best.value / trials[0].value
    assert choose(trials, SearchSettings(margin=gain * 0.9)).number == best.number
    assert choose(trials, SearchSettings(margin=gain * 1.1)).number == 0


def with_costs(job: Job) -> Outcome:
    """A second objective that falls with the learning rate."""
    outcome = score(job)
    return outcome.model_copy(update={"costs": () if outcome.state == "failed" else (job.plan["lr"],)})


def test_of_several_objectives_the_cheapest_that_is_good_enough_is_chosen(params: Any, tmp_path: Path) -> None:
    objectives = ("error", "compute")
    given = params(trials=24, window=WINDOW, objectives=objectives)
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as storage, Here() as executor:
        record = Record(storage, "study", 2)
        study = Study(record, Proposals(Space(given), given.search), executor, job, lambda *_: None, with_costs)
        trials = study.run(24, WINDOW)
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    assert any(t.state == TrialState.PRUNED for t in trials), "a pruned trial is what TPE refuses"
    best = min(t.values[0] for t in complete)
    settings = SearchSettings(objectives=objectives, within=0.2, margin=0)
    chosen = choose(trials, settings)
    assert chosen.values[0] <= 1.2 * best
    assert chosen.values[1] == min(t.values[1] for t in complete if t.values[0] <= 1.2 * best)
    assert chosen.number in front(trials)
    lowest = choose(trials, SearchSettings(objectives=objectives, within=0, margin=0))
    assert lowest.values[0] == best
    for number in front(trials):
        others = [t.values for t in complete if t.number != number]
        assert not any(e <= trials[number].values[0] and c < trials[number].values[1] for e, c in others)


def test_a_study_ends_when_nothing_is_to_be_gained_and_a_longer_one_begins_with_it(params: Any, tmp_path: Path) -> None:
    patient = search(params, tmp_path / "patient.db", trials=24)
    impatient = search(params, tmp_path / "impatient.db", trials=24, patience=4)
    assert len(impatient) < 24
    assert facts(impatient) == facts(patient)[: len(impatient)]
    assert facts(search(params, tmp_path / "impatient.db", trials=24)) == facts(patient)


def test_a_long_study_is_the_same_after_a_kill_although_old_trials_are_forgotten(
    params: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.search.memory.KEPT", 6)
    undisturbed = search(params, tmp_path / "undisturbed.db", trials=24)
    with pytest.raises(Killed):
        search(params, tmp_path / "killed.db", Here(die_at=17), trials=24)
    assert facts(search(params, tmp_path / "killed.db", trials=24)) == facts(undisturbed)


def test_no_completed_trial_is_a_message(params: Any, tmp_path: Path) -> None:
    class Failing(Here):
        def submit(self, function: Any, argument: Any) -> "Future[Any]":
            return super().submit(lambda job: Outcome(state="failed", reason="diverged"), argument)

    with pytest.raises(UserError, match=r"no trial was completed \(trial 0: diverged; trial 1: diverged"):
        choose(search(params, tmp_path / "study.db", Failing()), SearchSettings())


def test_a_database_that_is_not_there_is_a_message_without_the_password() -> None:
    url = "postgresql://me:secret@127.0.0.1:9/study"
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9/study cannot be used") as caught:
        with_storage(url)
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
        with_storage(url)
    assert message in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_a_database_that_says_nothing_is_one_line_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")
    monkeypatch.setenv("HEELSTRIKE_STORE_TIMEOUT", "0.4")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with listener("silent") as port, pytest.raises(UserError) as caught:
        with_storage(f"postgresql://u:S3cret@127.0.0.1:{port}/x")
    assert f"the study's database postgresql://u:***@127.0.0.1:{port}/x cannot be used: " in str(caught.value)
    assert "gave no answer within 0.4 s" in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_a_bare_worker_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")
    monkeypatch.setattr("pipeline.search.bare_worker._AWAY_S", 0.2)
    lines: list[str] = []
    work("postgresql://me:secret@127.0.0.1:9/study", [], lines.append, idle_s=0.5)
    assert len(lines) > 1
    assert "127.0.0.1:9/study cannot be used" in lines[0]
    assert lines[0].endswith("trying again")
    assert "secret" not in "".join(lines)
