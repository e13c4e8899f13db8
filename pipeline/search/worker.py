"""Processes that train trials, one thread each. A killed process is replaced and its trial is repeated."""

import contextlib
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.splits import TRAIN, VAL

_ATTEMPTS = 3
# arguments: trial, epoch, score; returns False to prune the trial
Report = Callable[[int, int, float], bool]


@dataclass(frozen=True)
class Outcome:
    """The end of a trial: state `complete` with its best score, `pruned`, or `failed` with the reason."""

    state: str
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Job:
    """A trial for a worker process to run.

    Attributes:
        number: Number of the trial.
        plan: Training plan as data that can be written as JSON.
        prepared: Folder of the prepared arrays.
        images: Largest number of training images. The largest number of validation images is half of it.
        seed: Seed of the choice of images.
        work: Folder for temporary files.
        root: Repository root, below which the weights lie that `train.init_from` names.
    """

    number: int
    plan: dict[str, Any]
    prepared: Path
    images: int
    seed: int
    work: Path
    root: Path = Path()


class Workers:
    """A fixed number of processes, started with the first batch. The context manager ends them."""

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
            report: Called with trial, epoch and score after each epoch; returns False to prune the trial.
            ended: Called with trial and outcome when a trial ends.

        Raises:
            UserError: A trial's process died `_ATTEMPTS` times.
        """
        waiting, attempts = list(jobs), dict.fromkeys((job.number for job in jobs), 0)
        running: dict[Connection, tuple[Any, Job]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._count:
                    process, pipe = self._idle.pop() if self._idle else self._start()
                    job = waiting.pop(0)
                    running[pipe] = process, job
                    attempts[job.number] += 1
                    _send(pipe, job)
                for pipe in _ready(running):
                    process, job = running[pipe]
                    message = _receive(pipe)
                    if isinstance(message, tuple):
                        _send(pipe, report(job.number, *message))
                        continue
                    del running[pipe]
                    if isinstance(message, Outcome):
                        self._idle.append((process, pipe))
                        ended(job.number, message)
                    elif isinstance(message, Exception):
                        raise message
                    else:
                        process.join()
                        if attempts[job.number] >= _ATTEMPTS:
                            raise UserError(_died(job.number, process.exitcode))
                        waiting.insert(0, job)
        finally:
            for pipe, (process, _) in running.items():
                pipe.close()
                process.terminate()
                process.join()

    def _start(self) -> tuple[Any, Connection]:
        pipe, child_pipe = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(child_pipe,), daemon=True)
        before = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"  # read once, when the child imports torch
        try:
            process.start()
        finally:
            if before is None:
                del os.environ["OMP_NUM_THREADS"]
            else:
                os.environ["OMP_NUM_THREADS"] = before
        child_pipe.close()
        return process, pipe


def _ready(running: dict[Connection, Any]) -> list[Connection]:
    return [pipe for pipe in wait(list(running)) if isinstance(pipe, Connection)]


def _send(pipe: Connection, message: Any) -> None:
    with contextlib.suppress(ConnectionError):  # the next receive notices that the process is dead
        pipe.send(message)


def _receive(pipe: Connection) -> Any:
    """Return (epoch, score), an outcome or an error; `None` if the process has died."""
    try:
        return pipe.recv()
    except (EOFError, ConnectionError):
        return None


def _died(number: int, code: int | None) -> str:
    return (
        f"search: the process of trial {number} died {_ATTEMPTS} times (exit code {code}); "
        "lower search.workers if memory ran out"
    )


def _serve(pipe: Connection) -> None:
    try:
        while True:
            job = pipe.recv()
            try:
                pipe.send(_train(job, pipe))
            except (EOFError, ConnectionError):
                raise
            except Exception as error:
                pipe.send(error)
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return  # the search ended before this trial did


def _train(job: Job, pipe: Connection) -> Outcome:
    import numpy as np
    import torch

    from pipeline.heads.arrays import Arrays, load_arrays
    from pipeline.heads.training import Row
    from pipeline.models.initial_weights import NothingLoadedError
    from pipeline.train.fit import Plan, fit
    from pipeline.train.heads import score_of
    from pipeline.train.module import DivergedError

    torch.set_num_threads(1)
    plan = Plan.model_validate(job.plan)

    def load_sample(split: str, count: int) -> Arrays:
        arrays = load_arrays(job.prepared / split, plan.problem)
        if len(arrays) <= count:
            return arrays
        return arrays.subset(sorted(np.random.default_rng(job.seed).permutation(len(arrays))[:count].tolist()))

    stopped, scores = False, list[float]()

    def report(row: Row) -> bool:
        nonlocal stopped
        scores.append(score_of(row, early=True))
        pipe.send((int(row["epoch"]), scores[-1]))
        stopped = not pipe.recv()
        return not stopped

    job.work.mkdir(parents=True, exist_ok=True)
    try:
        # a folder of its own, because the process of a killed search may live on for an epoch
        with tempfile.TemporaryDirectory(dir=job.work) as work:
            train, val = load_sample(TRAIN, job.images), load_sample(VAL, max(job.images // 2, 1))
            fit(plan, train, val, Path(work), report, job.root)
    except (DivergedError, NothingLoadedError) as error:
        return Outcome("failed", reason=str(error))
    return Outcome("pruned") if stopped else Outcome("complete", min(scores))
