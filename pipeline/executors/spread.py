"""Many independent jobs on the workers of an engine, with a progress bar."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any, TypeVar

from heelstrike.cores import cores
from heelstrike.errors import UserError
from heelstrike.progress import Progress
from pipeline.executors.base import Executor, WorkerDiedError
from pipeline.executors.choose import engine, executor

_ATTEMPTS = 3
_AT_ONCE = 4  # calls for each worker that are submitted at once, so that memory does not grow with the number of jobs
Job = TypeVar("Job")
Result = TypeVar("Result")


def run_all(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    bar: Progress,
    steps: Callable[[Job], int],
    folder: Path,
    at_least: int = 64,
) -> list[Result | UserError]:
    """Run every job on the engine that HEELSTRIKE_EXECUTOR names, or here if there is too little work to pay for it.

    An engine that does not state its workers has one for each core of this machine.

    Args:
        work: A function that can be pickled.
        jobs: Arguments of its calls.
        bar: Progress bar, advanced by `steps(job)` as a job ends.
        steps: Number of the bar's steps that a job counts for.
        folder: Folder for the files of a batch system.
        at_least: Steps below which it does not pay to start a process, which takes about a second.

    Returns:
        Results in the order of the jobs; if a job raised a UserError, the error stands in place of its result.

    Raises:
        UserError: The engine cannot be used, or the worker of a job died three times.
    """
    if len(jobs) == 1 or sum(map(steps, jobs)) < at_least:
        return [_attempt(work, job, bar, steps(job)) for job in jobs]
    with executor(engine(), min(cores(), len(jobs)), folder) as workers:
        return _Spread(work, jobs, workers).run(lambda number: bar.advance(steps(jobs[number])))


class _Spread:
    def __init__(self, work: Callable[[Any], Any], jobs: Sequence[Any], workers: Executor) -> None:
        self._work, self._jobs, self._workers = work, jobs, workers
        self._outcomes: dict[int, Any] = {}
        self._running: dict[Future[Any], int] = {}
        self._attempts: Counter[int] = Counter()

    def run(self, ended: Callable[[int], None]) -> list[Any]:
        for number in range(len(self._jobs)):
            self._submit(number)
            while len(self._running) >= _AT_ONCE * self._workers.workers:
                self._take(ended)
        while self._running:
            self._take(ended)
        return [self._outcomes[number] for number in range(len(self._jobs))]

    def _submit(self, number: int) -> None:
        self._attempts[number] += 1
        self._running[self._workers.submit(self._work, self._jobs[number])] = number

    def _take(self, ended: Callable[[int], None]) -> None:
        for future in wait(self._running, return_when=FIRST_COMPLETED).done:
            number = self._running.pop(future)
            try:
                self._outcomes[number] = future.result()
            except UserError as error:
                self._outcomes[number] = error
            except WorkerDiedError as error:
                if self._attempts[number] >= _ATTEMPTS:
                    raise UserError(
                        f"{self._jobs[number]}: its worker died {_ATTEMPTS} times ({error}); perhaps memory ran out"
                    ) from None
                self._submit(number)
                continue
            ended(number)


def _attempt(work: Callable[[Job], Result], job: Job, bar: Progress, steps: int) -> Result | UserError:
    try:
        return work(job)
    except UserError as error:
        return error
    finally:
        bar.advance(steps)
