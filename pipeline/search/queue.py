"""Trials for bare workers: machines that share nothing with the search but the study's database.

The queue is a study of its own, whose trials are calls: a waiting one is claimed by one worker, since Optuna's storage
lets only one process start a waiting trial. Its worker counts up a number in it every few seconds. A call whose number
stands still is given up, and whatever its worker says later is refused by the storage.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from heelstrike.errors import UserError
from heelstrike.settings import Strict
from pipeline.executors.base import Argument, Executor, Result, WorkerDiedError, settle
from pipeline.search.trial import Job, Outcome, run_trial

POLL_S = 0.3
BEAT_S = 5.0
LOST_S = 60.0
_CALL, _ANSWER, _BEAT = "call", "answer", "beat"
SUFFIX = ".queue"


class Task(NamedTuple):
    """A function that bare workers may run: nothing else in a database makes them run code."""

    function: Callable[[Any], Any]
    argument: type[Strict]
    result: type[Strict]


TASKS = {"trial": Task(run_trial, Job, Outcome)}


class Queue(Executor):
    """Gives calls to the workers that poll a database.

    Args:
        storage: The database.
        name: Name of the search's study. Calls that an earlier search left in its queue are given up.
        workers: Calls that are in the queue at once.
        tasks: The functions that may be called.
        lost_s: Seconds without a sign of life after which a worker counts as dead.
    """

    def __init__(
        self, storage: BaseStorage, name: str, workers: int, tasks: dict[str, Task] = TASKS, lost_s: float = LOST_S
    ) -> None:
        self.workers, self._tasks, self._lost_s = workers, tasks, lost_s
        self._storage, self._study = storage, _study(storage, name + SUFFIX)
        for trial in storage.get_all_trials(self._study, states=(TrialState.WAITING, TrialState.RUNNING)):
            _finish(storage, trial._trial_id, TrialState.FAIL)
        self._calls: dict[int, tuple[Task, Future[Any]]] = {}
        self._closed, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Queue a call of one of the tasks."""
        name = next(name for name, task in self._tasks.items() if task.function is function)
        assert isinstance(argument, Strict)
        future: Future[Any] = Future()
        call = create_trial(state=TrialState.WAITING, user_attrs={_CALL: [name, argument.model_dump_json()]})
        with self._lock:
            self._calls[self._storage.create_new_trial(self._study, call)] = self._tasks[name], future
        return future

    def close(self) -> None:
        """Give up the calls that have not ended; workers go on with other studies."""
        self._closed.set()
        self._thread.join()
        for trial_id in self._calls:
            _finish(self._storage, trial_id, TrialState.FAIL)

    def _watch(self) -> None:
        signs: dict[int, tuple[Any, float]] = {}
        while not self._closed.wait(POLL_S):
            with self._lock:
                calls = dict(self._calls)
            try:
                for trial_id, (task, future) in calls.items():
                    if self._has_ended(trial_id, task, future, signs):
                        with self._lock:
                            del self._calls[trial_id]
            except Exception as error:  # the database does not answer: every call ends with this error
                for _, future in calls.values():
                    settle(future, error=error)
                return

    def _has_ended(self, trial_id: int, task: Task, future: "Future[Any]", signs: dict[int, tuple[Any, float]]) -> bool:
        call = self._storage.get_trial(trial_id)
        if call.state.is_finished():
            settle(future, *_answer(call.user_attrs.get(_ANSWER), task))
            return True
        sign = call.user_attrs.get(_BEAT)
        if call.state != TrialState.RUNNING:
            return False
        if signs.setdefault(trial_id, (sign, time.monotonic()))[0] != sign:
            signs[trial_id] = sign, time.monotonic()
        elif time.monotonic() - signs[trial_id][1] > self._lost_s and _finish(self._storage, trial_id, TrialState.FAIL):
            settle(future, error=WorkerDiedError(f"its worker has shown no sign of life for {self._lost_s:g} s"))
            return True
        return False


def _answer(answer: list[str] | None, task: Task) -> tuple[Any, Exception | None]:
    if answer is None:
        return None, WorkerDiedError("its worker gave it up")
    kind, text = answer
    if kind == "result":
        return task.result.model_validate_json(text), None
    return None, UserError(text) if kind == "message" else RuntimeError(text)


def work_once(
    storage: BaseStorage, queue: str, prepared: Callable[[str, Any], Any], tasks: dict[str, Task] = TASKS
) -> bool:
    """Claim one waiting call and run it.

    Args:
        storage: The database.
        queue: Name of the search's study.
        prepared: Makes the argument fit this machine, given the task's name and the argument.
        tasks: The functions that may be called.

    Returns:
        True if a call was run, False if none was waiting.
    """
    study = storage.get_study_id_from_name(queue + SUFFIX)
    for call in storage.get_all_trials(study, states=(TrialState.WAITING,)):
        name, text = call.user_attrs[_CALL]
        if name in tasks and _claimed(storage, call._trial_id):
            argument = prepared(name, tasks[name].argument.model_validate_json(text))
            with _beating(storage, call._trial_id):
                answer = _attempt(tasks[name], argument)
            with contextlib.suppress(UpdateFinishedTrialError):  # the search has given this call up
                storage.set_trial_user_attr(call._trial_id, _ANSWER, answer)
            _finish(storage, call._trial_id, TrialState.COMPLETE)
            return True
    return False


def _attempt(task: Task, argument: Any) -> list[str]:
    try:
        return ["result", task.function(argument).model_dump_json()]
    except UserError as error:
        return ["message", str(error)]
    except Exception as error:
        return ["error", f"{type(error).__name__}: {error}"]


def _claimed(storage: BaseStorage, trial_id: int) -> bool:
    try:
        return storage.set_trial_state_values(trial_id, TrialState.RUNNING)
    except UpdateFinishedTrialError:  # another worker has even ended it
        return False


def _finish(storage: BaseStorage, trial_id: int, state: TrialState) -> bool:
    """Set the last state of a call; return False if it has one already."""
    try:
        return storage.set_trial_state_values(trial_id, state, [0.0] if state == TrialState.COMPLETE else None)
    except UpdateFinishedTrialError:
        return False


@contextlib.contextmanager
def _beating(storage: BaseStorage, trial_id: int) -> Any:
    """Show every few seconds that this process lives."""
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.wait(BEAT_S):
            count += 1
            with contextlib.suppress(Exception):  # the database may come back
                storage.set_trial_user_attr(trial_id, _BEAT, count)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _study(storage: BaseStorage, name: str) -> int:
    try:
        return storage.get_study_id_from_name(name)
    except KeyError:
        return storage.create_new_study([StudyDirection.MINIMIZE], name)
