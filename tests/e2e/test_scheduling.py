"""A real Prefect server: deploy what prefect.yaml states, and see a schedule fire."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

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
    work_pool: {name: tick}
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


@pytest.fixture(scope="module")
def deployed(pool: dict[str, str]) -> dict[str, str]:
    """The server with the project's deployments."""
    prefect(ROOT, pool, "deploy", "--all")
    return pool


def test_every_deployment_of_the_project_deploys(deployed: dict[str, str]) -> None:
    listed = prefect(ROOT, deployed, "deployment", "ls")
    for name in ("retrain/weekly", "retrain/new-data", "ingest/inbox", "predict/folder"):
        assert f"{name}-rearfoot" in listed


def test_a_drift_starts_a_retrain(deployed: dict[str, str]) -> None:
    """No worker runs, so the run that the event starts waits. Runs of the schedule have the tag `auto-scheduled`."""
    code = "from flows.monitor import emit_drift; emit_drift('rearfoot', 'rearfoot/1', ())"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ | deployed, check=True)
    deadline = time.monotonic() + 60
    while True:
        answer = requests.post(
            f"{deployed['PREFECT_API_URL']}/flow_runs/filter",
            json={"deployments": {"name": {"any_": ["weekly-rearfoot"]}}},
            timeout=30,
        )
        started = [run for run in answer.json() if "auto-scheduled" not in run["tags"]]
        if started:
            assert len(started) == 1
            return
        assert time.monotonic() < deadline, "the event started no retrain within 60 s"
        time.sleep(0.5)


def test_a_schedule_fires_and_a_worker_runs_it(pool: dict[str, str], tmp_path: Path) -> None:
    """In a work pool of its own: in the project's, the worker would also run the retrain that the drift has started.

    One run at a time, since late ones would all start at once and take the machine from each other.
    """
    prefect(tmp_path, pool, "work-pool", "create", "tick", "--type", "process")
    (tmp_path / "tick.py").write_text(TICK)
    (tmp_path / "prefect.yaml").write_text(DEPLOYMENT)
    prefect(tmp_path, pool, "deploy", "--all")
    worker = subprocess.Popen(
        [str(BIN / "prefect"), "worker", "start", "--pool", "tick", "--limit", "1"],
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
