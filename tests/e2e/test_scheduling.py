"""A real Prefect server: deploy what prefect.yaml states, and see a schedule fire."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import BIN, ROOT

TICK = """
from pathlib import Path
from prefect import flow

@flow
def tick():
    Path("ticked").touch()
"""

DEPLOYMENT = """
name: tick
deployments:
  - name: often
    entrypoint: tick.py:tick
    work_pool: {name: heelstrike}
    schedules: [{interval: 5}]
"""


@pytest.fixture(scope="module")
def pool(prefect_server: dict[str, str]) -> dict[str, str]:
    """A server with the work pool that prefect.yaml names."""
    prefect(ROOT, prefect_server, "work-pool", "create", "heelstrike", "--type", "process")
    return prefect_server


def prefect(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run Prefect's command line against the server."""
    command = [str(BIN / "prefect"), "--no-prompt", *arguments]
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment | path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_deployment_of_the_project_deploys(pool: dict[str, str]) -> None:
    prefect(ROOT, pool, "deploy", "--all")
    listed = prefect(ROOT, pool, "deployment", "ls")
    for name in ("retrain/weekly", "retrain/new-data", "ingest/inbox", "predict/folder"):
        assert f"{name}-rearfoot" in listed


def test_a_schedule_fires_and_a_worker_runs_it(pool: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tick.py").write_text(TICK)
    (tmp_path / "prefect.yaml").write_text(DEPLOYMENT)
    prefect(tmp_path, pool, "deploy", "--all")
    worker = subprocess.Popen(
        [str(BIN / "prefect"), "worker", "start", "--pool", "heelstrike"],
        env=os.environ | pool | {"PREFECT_WORKER_QUERY_SECONDS": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 90
        while not (tmp_path / "ticked").exists():
            assert time.monotonic() < deadline, "the schedule did not fire within 90 s"
            time.sleep(0.5)
    finally:
        os.killpg(worker.pid, 9)
        worker.wait()
