"""Every executor with two workers, as tests and users start it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pipeline.executors.base import Executor
from pipeline.executors.choose import Engine, executor
from pipeline.search.queue import Queue
from pipeline.search.record import open_storage

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def named(engine: Engine, folder: Path) -> Iterator[Executor]:
    with executor(engine, 2, folder) as begun:
        yield begun


@contextmanager
def bare_workers(folder: Path, count: int = 2) -> Iterator[Executor]:
    """The queue in an SQLite database, and worker processes that poll it; a killed one is started again."""
    from tests.pipeline.executors.calls import TASKS

    url = f"sqlite:///{folder / 'queue.db'}"
    script = f"from tests.pipeline.executors.poll import poll; poll({url!r}, 'calls')"
    loop = f"while true; do {sys.executable} -c {script!r} || sleep 0.1; done"
    with ExitStack() as stack:
        storage = stack.enter_context(open_storage(url))
        queue = stack.enter_context(Queue(storage, "calls", count, TASKS, lost_s=2))
        for _ in range(count):
            shell = subprocess.Popen(["setsid", "bash", "-c", loop.replace(repr(script), f'"{script}"')], cwd=ROOT)
            stack.callback(lambda shell=shell: subprocess.run(["kill", "-9", "--", f"-{shell.pid}"], check=False))
        yield queue


ENGINES = {
    "processes": lambda folder: named(Engine("processes"), folder),
    "dask": lambda folder: named(Engine("dask", "local"), folder),
    "slurm": lambda folder: named(Engine("slurm", "local"), folder),
    "study": bare_workers,
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Executor]:
    with ENGINES[request.param](tmp_path) as begun:
        yield begun
