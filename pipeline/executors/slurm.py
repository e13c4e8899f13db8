"""Calls as jobs of a SLURM cluster, through submitit; its local twin runs them as processes of this machine."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import UncompletedJobError

from heelstrike.errors import UserError, first_line
from pipeline.executors.base import Argument, Executor, Result, WorkerDiedError, attempt, settle

_POLL_S = 0.2


class Slurm(Executor):
    """One job for each call.

    Args:
        folder: Folder for the jobs' files, which all nodes share.
        workers: Jobs that are queued or run at once.
        options: Options of `submitit.AutoExecutor.update_parameters`, such as `slurm_partition` or `timeout_min`.
        local: True to run the jobs as processes of this machine.

    Raises:
        UserError: This machine has no SLURM, or an option is unknown.
    """

    def __init__(self, folder: Path, workers: int, options: dict[str, Any], local: bool = False) -> None:
        self.workers = workers
        try:
            self._engine = submitit.AutoExecutor(folder=folder, cluster="local" if local else "slurm")
            self._engine.update_parameters(**options)
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            raise UserError(f"HEELSTRIKE_EXECUTOR=slurm: {first_line(str(error))}") from None
        self._waiting: queue.Queue[tuple[Any, Any, Future[Any]]] = queue.Queue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Queue a call; it becomes a job when fewer than `workers` jobs are in the cluster."""
        future: Future[Result] = Future()
        self._waiting.put((function, argument, future))
        return future

    def close(self) -> None:
        """Cancel the jobs that have not ended."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        jobs: list[tuple[Any, Future[Any]]] = []
        while not self._closed.is_set():
            while len(jobs) < self.workers and not self._waiting.empty():
                function, argument, future = self._waiting.get()
                try:
                    jobs.append((self._engine.submit(attempt, function, argument), future))
                except Exception as error:  # `sbatch` failed
                    settle(future, error=UserError(f"SLURM refuses a job: {first_line(str(error))}"))
            for job, future in list(jobs):
                if _has_ended(job, future):
                    jobs.remove((job, future))
            time.sleep(_POLL_S)
        for job, _ in jobs:
            job.cancel(check=False)


def _has_ended(job: Any, future: "Future[Any]") -> bool:
    """Pass the end of a job on to its future; return False if the job goes on.

    Whatever goes wrong ends this future, so that a folder that is away for a moment never leaves it waiting for ever.
    """
    try:
        if not job.done():
            return False
        settle(future, *job.result())
    except UncompletedJobError as error:
        settle(future, error=WorkerDiedError(f"its job {job.job_id} ended without a result ({first_line(str(error))})"))
    except Exception as error:
        settle(future, error=error)
    return True
