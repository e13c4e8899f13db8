"""What holds for every executor."""

import os
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pipeline.executors.base import Executor, WorkerDiedError
from tests.pipeline.executors.calls import Number, die_once, process_of, refuse, slow_square, square

SOON_S = 60


def value(future: "Future[Number]") -> int:
    return future.result(SOON_S).value


class TestExecutor:
    """One test, since an engine takes seconds to start."""

    def test_calls(self, engine: Executor, tmp_path: Path) -> None:
        assert engine.workers == 2
        self._each_call_has_its_own_result(engine)
        self._an_exception_travels(engine)
        self._calls_run_in_other_processes(engine)
        self._a_dead_worker_is_an_error_or_its_call_moves_and_others_go_on(engine, tmp_path)

    def _each_call_has_its_own_result(self, engine: Executor) -> None:
        futures = [engine.submit(slow_square, Number(value=n)) for n in range(4)]
        assert [value(future) for future in futures] == [0, 1, 4, 9]

    def _an_exception_travels(self, engine: Executor) -> None:
        with pytest.raises(Exception, match="7 cannot be used"):
            engine.submit(refuse, Number(value=7)).result(SOON_S)

    def _calls_run_in_other_processes(self, engine: Executor) -> None:
        assert value(engine.submit(process_of, Number(value=0))) != os.getpid()

    def _a_dead_worker_is_an_error_or_its_call_moves_and_others_go_on(self, engine: Executor, folder: Path) -> None:
        call = Number(value=5, folder=folder)
        dying, other = engine.submit(die_once, call), engine.submit(square, Number(value=4))
        assert value(other) == 16
        try:
            assert value(dying) == 25
        except WorkerDiedError:
            assert value(engine.submit(die_once, call)) == 25


def test_close_ends_the_processes(tmp_path: Path) -> None:
    import psutil

    from pipeline.executors.processes import Processes

    with Processes(2) as engine:
        pids = {value(engine.submit(process_of, Number(value=n))) for n in range(4)}
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_process_that_cannot_be_started_is_an_error_and_later_calls_go_on() -> None:
    import resource

    from pipeline.executors.processes import Processes

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Processes(1) as engine:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(WorkerDiedError, match=r"could not be started: .*Too many open files"):
                engine.submit(square, Number(value=4)).result(SOON_S)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert value(engine.submit(square, Number(value=4))) == 16


def test_each_process_sees_one_gpu() -> None:
    from pipeline.executors.processes import Processes

    with Processes(2, gpus=2) as engine:
        seen: set[Any] = {engine.submit(_visible, n).result(SOON_S) for n in range(8)}
    assert seen == {"0", "1"}


def _visible(number: int) -> str | None:
    time.sleep(0.1)
    return os.environ.get("CUDA_VISIBLE_DEVICES")
