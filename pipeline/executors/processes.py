"""Processes of this machine, one thread each. A killed process is replaced."""

import contextlib
import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from heelstrike.errors import first_line
from pipeline.executors.base import Argument, Executor, Result, WorkerDiedError, attempt, settle

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


class _Call(NamedTuple):
    function: Callable[[Any], Any]
    argument: Any
    future: "Future[Any]"


class Processes(Executor):
    """Processes that start with their first call.

    Args:
        workers: Number of processes.
        gpus: GPUs of this machine; each process sees one of them. 0 if there are none.
    """

    def __init__(self, workers: int, gpus: int = 0) -> None:
        self.workers, self._gpus = workers, gpus
        self._calls: queue.Queue[_Call | None] = queue.Queue()
        self._closed = threading.Event()
        self._children: list[Any] = []
        self._threads = [threading.Thread(target=self._serve, args=(n,), daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Run a call in the next process that is free."""
        future: Future[Result] = Future()
        self._calls.put(_Call(function, argument, future))
        return future

    def close(self) -> None:
        """Kill the processes."""
        self._closed.set()
        for _ in self._threads:
            self._calls.put(None)
        for child in list(self._children):
            child.kill()
        for thread in self._threads:
            thread.join()

    def _serve(self, number: int) -> None:
        """Give calls to one process after another."""
        child: tuple[Any, Connection] | None = None
        while (call := self._calls.get()) is not None and not self._closed.is_set():
            try:
                child = child or self._start(number)
            except Exception as error:  # no memory or no file is left, or this process may not start others yet
                reason = f"its process could not be started: {first_line(str(error))}"
                settle(call.future, error=WorkerDiedError(reason))
                continue
            if not self._run(call, *child):
                self._end(*child)
                child = None
        if child is not None:
            self._end(*child)

    def _run(self, call: _Call, process: Any, pipe: Connection) -> bool:
        """Run a call in a process; return False if the process died."""
        try:
            pipe.send((call.function, call.argument))
            ended = pipe.recv()
        except (EOFError, ConnectionError):
            process.join()
            settle(call.future, error=WorkerDiedError(f"its process ended with exit code {process.exitcode}"))
            return False
        except Exception as error:  # the argument or the result cannot be pickled
            settle(call.future, error=error)
            return False
        settle(call.future, *ended)
        return True

    def _start(self, number: int) -> tuple[Any, Connection]:
        context = multiprocessing.get_context("spawn")
        pipe, child_pipe = context.Pipe()
        process = context.Process(target=_work, args=(child_pipe,), daemon=True)
        gpu = {"CUDA_VISIBLE_DEVICES": str(number % self._gpus)} if self._gpus else {}
        with _environment(_ONE_THREAD | gpu):  # read once, when the process imports torch or OpenCV
            process.start()
        child_pipe.close()
        self._children.append(process)
        if self._closed.is_set():  # `close` may have killed the others already
            process.kill()
        return process, pipe

    def _end(self, process: Any, pipe: Connection) -> None:
        pipe.close()
        process.kill()
        process.join()
        self._children.remove(process)


_STARTING = threading.Lock()  # the environment belongs to the whole process


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    with _STARTING:
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _work(pipe: Connection) -> None:
    """Run calls until the other end closes."""
    end_with_parent()
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            pipe.send(attempt(*pipe.recv()))


def end_with_parent() -> None:
    """End this process when its parent is killed, also in the middle of a call."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        assert parent is not None
        parent.join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=follow, daemon=True).start()
