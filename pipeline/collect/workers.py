"""Jobs spread over a few processes that end with the stage."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from heelstrike.errors import UserError
from heelstrike.progress import Progress

WORKERS = 2
_MIN_STEPS = 64  # below this, starting a process (about a second) does not pay
Job = TypeVar("Job")
Result = TypeVar("Result")


def run_all(
    work: Callable[[Job], Result], jobs: Sequence[Job], bar: Progress, steps: Callable[[Job], int]
) -> list[Result | UserError]:
    """Run every job, in two processes if there is enough work to pay for their start.

    Args:
        work: A function that can be pickled.
        jobs: Arguments of its calls.
        bar: Progress bar, advanced by `steps(job)` as a job ends.
        steps: Number of the bar's steps that a job counts for.

    Returns:
        Results in the order of the jobs; if a job raised a UserError, the error stands in place of its result.
    """
    if len(jobs) == 1 or sum(map(steps, jobs)) < _MIN_STEPS:
        return [_attempt(work, job, bar, steps(job)) for job in jobs]
    outcomes: dict[int, Result | UserError] = {}
    context = get_context("spawn")  # a fork would copy the locks of the progress display's thread
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_end_with, initargs=(os.getpid(),)) as pool:
        futures = {pool.submit(work, job): number for number, job in enumerate(jobs)}
        for future in as_completed(futures):
            number = futures[future]
            try:
                outcomes[number] = future.result()
            except UserError as error:
                outcomes[number] = error
            bar.advance(steps(jobs[number]))
    return [outcomes[number] for number in range(len(jobs))]


def _attempt(work: Callable[[Job], Result], job: Job, bar: Progress, steps: int) -> Result | UserError:
    try:
        return work(job)
    except UserError as error:
        return error
    finally:
        bar.advance(steps)


def _end_with(parent: int) -> None:
    """End this process when its parent is killed; otherwise it would wait for the pool's queue for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
