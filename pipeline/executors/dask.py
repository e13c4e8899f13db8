"""A Dask cluster, used through `distributed`: one that runs elsewhere, or one on this machine for trials and tests."""

import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from distributed import Client, KilledWorker, LocalCluster
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError

from heelstrike.errors import UserError, first_line
from heelstrike.waits import limit_s
from pipeline.executors.base import Argument, EngineLostError, Executor, Result, WorkerDiedError, settle

_LOST = "the Dask scheduler does not answer any more; start it and run the same command again, which goes on"


class DaskCluster(Executor):
    """Calls on the workers of a Dask cluster.

    A call whose worker dies is moved to another worker by Dask itself. A call gets a GPU of its own if the workers
    were started with `--resources GPU=1`.

    Args:
        address: Address of the scheduler, such as `tcp://scheduler.example:8786`; empty for a cluster on this machine.
        workers: Workers of the cluster on this machine.
        gpu: True if each call needs a GPU.

    Raises:
        UserError: No scheduler answers at the address.
    """

    def __init__(self, address: str = "", workers: int = 2, gpu: bool = False) -> None:
        self._cluster = None if address else _cluster(workers)
        try:
            self._client = Client(address or self._cluster, timeout=limit_s(), set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UserError(
                f"HEELSTRIKE_EXECUTOR: no Dask scheduler answers at {address}: {first_line(str(error))}"
            ) from None
        self.workers = workers if self._cluster else max(1, sum(self._client.nthreads().values()))
        # a call that asks for what no worker has would wait for ever
        self._resources = {"GPU": 1} if gpu and self._has_gpus() else None

    def _has_gpus(self) -> bool:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return any("GPU" in worker["resources"] for worker in workers)

    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Run a call on any worker. Its result is fetched at once, so that a worker's later death does not lose it."""
        future: Future[Result] = Future()
        try:
            remote = self._client.submit(function, argument, pure=False, resources=self._resources)
        except (CommClosedError, OSError, RuntimeError) as error:
            raise EngineLostError(f"{_LOST} ({first_line(str(error))})") from None
        remote.add_done_callback(functools.partial(_deliver, future))
        return future

    def close(self) -> None:
        """Leave the cluster; one on this machine ends."""
        with contextlib.suppress(TimeoutError, OSError):
            self._client.close(timeout=limit_s())
        if self._cluster is not None:
            self._cluster.close()


def _cluster(workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="ERROR"
    )


def _deliver(future: "Future[Any]", remote: Any) -> None:
    """Pass the end of a remote call on. This runs in a thread of Dask's client."""
    try:
        settle(future, remote.result())
    except KilledWorker as error:
        settle(future, error=WorkerDiedError(f"every worker that Dask gave it to died ({first_line(str(error))})"))
    except (CancelledError, FutureCancelledError, CommClosedError) as error:
        settle(future, error=EngineLostError(f"{_LOST} ({first_line(str(error)) or type(error).__name__})"))
    except Exception as error:
        settle(future, error=error)
