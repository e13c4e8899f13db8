"""The same study, byte for byte, on every engine and whatever is killed. Slow: real trainings in many processes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from heelstrike.files import file_digest
from pipeline.layout import Layout
from tests.stores import kill_postgresql, postgresql

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def start(folder: Path, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    known = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HEELSTRIKE_STORE_TIMEOUT": "5"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEELSTRIKE_")}
    arguments = [sys.executable, "-m", *command]
    return subprocess.Popen(arguments, cwd=folder, env=inherited | known | environment, stdout=subprocess.DEVNULL)


@contextmanager
def bare_workers(folder: Path, url: str, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    workers = [start(folder, "heelstrike", "search", "work", "disc", "--study", url) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


@pytest.fixture
def database() -> Iterator[Any]:
    with postgresql() as server:
        yield server


@pytest.fixture
def disc(section: Any, prepared: Layout) -> Layout:
    written = section(window=4, trials=10)
    written["disc"]["model"]["codec"] = "softmax"
    written["disc"]["train"]["lr"] = 0.03
    (prepared.root / "params.yaml").write_text(yaml.safe_dump(written))
    return prepared


def searched(layout: Layout, **environment: str) -> dict[str, str]:
    """Search anew and return the digests of what is written."""
    shutil.rmtree(layout.root / ".work", ignore_errors=True)
    shutil.rmtree(layout.out("search"), ignore_errors=True)
    assert start(layout.root, "pipeline", "search", "disc", **environment).wait() == 0
    return digests(layout)


def digests(layout: Layout) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(layout.out("search").iterdir())}


def test_the_same_study_on_every_engine(disc: Layout, database: Any) -> None:
    expected = searched(disc, HEELSTRIKE_EXECUTOR="processes:1")
    for engine in ("processes:2", "processes:4", "dask:local:2", "slurm:local:2"):
        assert searched(disc, HEELSTRIKE_EXECUTOR=engine) == expected, engine
    with bare_workers(disc.root, database.get_uri(), 2) as (one, _):
        os.kill(one.pid, signal.SIGSTOP)  # a worker so slow that it never ends; it holds at most one trial
        found = searched(disc, HEELSTRIKE_EXECUTOR="study", HEELSTRIKE_STUDY_URL=database.get_uri())
    assert found == expected


def test_a_storm(disc: Layout, database: Any) -> None:
    """Workers, search and database are killed at random; at the end every trial is there once, and with its result."""
    expected = searched(disc)
    shutil.rmtree(disc.out("search"))
    rng, url = random.Random(5), database.get_uri()
    environment = {"HEELSTRIKE_EXECUTOR": "study", "HEELSTRIKE_STUDY_URL": url}
    with ExitStack() as stack:
        workers = stack.enter_context(bare_workers(disc.root, url, 3))
        search = start(disc.root, "pipeline", "search", "disc", **environment)
        for _ in range(12):
            time.sleep(rng.uniform(2, 6))
            victim = rng.choice(["worker", "worker", "search", "database"])
            if victim == "worker":
                number = rng.randrange(len(workers))
                workers[number].kill()
                workers[number].wait()
                workers[number] = start(disc.root, "heelstrike", "search", "work", "disc", "--study", url)
            elif victim == "search":
                search.kill()
            else:
                kill_postgresql(database)
                database.ensure_postgres_running()
            if search.poll() is not None:
                search = start(disc.root, "pipeline", "search", "disc", **environment)
        while search.wait() != 0:
            search = start(disc.root, "pipeline", "search", "disc", **environment)
    assert digests(disc) == expected
    table = pd.read_csv(disc.out("search") / "trials.csv")
    assert list(table["number"]) == list(range(10))
    assert set(table["state"]) <= {"complete", "pruned"}
