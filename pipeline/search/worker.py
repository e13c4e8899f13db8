"""Processes that train trials, one thread each; a killed one is replaced and its trial run again."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

_ATTEMPTS = 3
# epoch and score of a trial; answers whether it goes on
Report = Callable[[int, int, float], bool]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: `complete` with its best score, `pruned`, or `failed` with the reason."""

    state: str
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Job:
    """One trial: a plan of training as JSON-able data, where its arrays lie, how many of them, where to work."""

    number: int
    plan: dict[str, Any]
    prepared: Path
    images: int
    seed: int
    work: Path


class Workers:
    """A fixed number of processes, started with the first batch; a context manager that ends them."""

    def __init__(self, count: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._count = count
        self._idle: list[tuple[Any, Connection]] = []

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for process, pipe in self._idle:
            pipe.close()
            process.terminate()
            process.join()

    def run(self, jobs: list[Job], report: Report, ended: Callable[[int, Outcome], None]) -> None:
        """Run jobs, at most as many at once as there are workers.

        Args:
            jobs: The trials of one batch.
            report: Called with trial, epoch and score after each epoch; False prunes the trial.
            ended: Called with trial and outcome as each ends.

        Raises:
            UserError: A trial's process died again and again.
        """
        waiting, attempts = list(jobs), dict.fromkeys((job.number for job in jobs), 0)
        running: dict[Connection, tuple[Any, Job]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._count:
                    process, pipe = self._idle.pop() if self._idle else self._start()
                    running[pipe] = process, waiting.pop(0)
                    attempts[running[pipe][1].number] += 1
                    pipe.send(running[pipe][1])
                for ready in wait(list(running)):
                    assert isinstance(ready, Connection)
                    process, job = running[ready]
                    try:
                        message = ready.recv()
                    except (EOFError, ConnectionError):
                        del running[ready]
                        process.join()
                        if attempts[job.number] >= _ATTEMPTS:
                            raise UserError(
                                f"search: the process of trial {job.number} died {_ATTEMPTS} times (exit code "
                                f"{process.exitcode}); lower search.workers if memory ran out"
                            ) from None
                        waiting.insert(0, job)
                        continue
                    if isinstance(message, Outcome):
                        self._idle.append((process, ready))
                        del running[ready]
                        ended(job.number, message)
                    elif isinstance(message, BaseException):
                        raise message
                    else:
                        ready.send(report(job.number, *message))
        finally:
            for pipe, (process, _) in running.items():
                pipe.close()
                process.terminate()
                process.join()

    def _start(self) -> tuple[Any, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        before = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"  # read once, when the child imports torch
        try:
            process.start()
        finally:
            if before is None:
                del os.environ["OMP_NUM_THREADS"]
            else:
                os.environ["OMP_NUM_THREADS"] = before
        theirs.close()
        return process, ours


def _serve(pipe: Connection) -> None:
    try:
        while True:
            job = pipe.recv()
            try:
                pipe.send(_train(job, pipe))
            except UserError as error:
                pipe.send(error)
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return  # the search ended before this trial did


def _train(job: Job, pipe: Connection) -> Outcome:
    import numpy as np
    import torch

    from pipeline.train.data import Arrays, load_arrays
    from pipeline.train.fit import Plan, fit
    from pipeline.train.module import DivergedError, Row, score_of

    torch.set_num_threads(1)
    plan = Plan.model_validate(job.plan)

    def some(split: str, most: int) -> Arrays:
        arrays = load_arrays(job.prepared / split, plan.problem)
        if len(arrays) <= most:
            return arrays
        return arrays.subset(sorted(np.random.default_rng(job.seed).permutation(len(arrays))[:most].tolist()))

    stopped = False

    def report(row: Row) -> bool:
        nonlocal stopped
        pipe.send((int(row["epoch"]), score_of(row)))
        stopped = not pipe.recv()
        return not stopped

    shutil.rmtree(job.work, ignore_errors=True)
    try:
        train, val = some("train", job.images), some("val", max(job.images // 2, 1))
        fitted = fit(plan, train, val, job.work, report)
    except DivergedError as error:
        return Outcome("failed", reason=str(error))
    finally:
        shutil.rmtree(job.work, ignore_errors=True)
    return Outcome("pruned") if stopped else Outcome("complete", float(fitted.best[-1]["score"]))
