"""Work spread over a few processes that do not outlive the stage."""

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
_WORTH = 64  # steps; a process takes about a second to start
Job = TypeVar("Job")
Result = TypeVar("Result")


def run_all(
    work: Callable[[Job], Result], jobs: Sequence[Job], bar: Progress, steps: Callable[[Job], int]
) -> list[Result | UserError]:
    """Do every job, in two processes where that pays for their start.

    Args:
        work: A function that can be pickled.
        jobs: What to call it with.
        bar: Advanced as jobs end, by `steps(job)`.
        steps: How much of the bar a job is.

    Returns:
        Results in the order of the jobs; a job that raised UserError has the error in its place.
    """
    if len(jobs) == 1 or sum(map(steps, jobs)) < _WORTH:
        return [_attempt(work, job, bar, steps(job)) for job in jobs]
    done: dict[int, Result | UserError] = {}
    context = get_context("spawn")  # a fork would copy the locks of the progress display's thread
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_end_with, initargs=(os.getpid(),)) as pool:
        futures = {pool.submit(work, job): number for number, job in enumerate(jobs)}
        for future in as_completed(futures):
            number = futures[future]
            try:
                done[number] = future.result()
            except UserError as error:
                done[number] = error
            bar.advance(steps(jobs[number]))
    return [done[number] for number in range(len(jobs))]


def _attempt(work: Callable[[Job], Result], job: Job, bar: Progress, steps: int) -> Result | UserError:
    try:
        return work(job)
    except UserError as error:
        return error
    finally:
        bar.advance(steps)


def _end_with(parent: int) -> None:
    """Let this process end when its parent is killed: the pool's queue alone would keep it waiting for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
