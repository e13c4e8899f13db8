"""A scheduled retrain survives its worker and a restart of the server; one that is killed is ended by the next."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import BIN, Workplace, free_port, make_workplace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Servers:
    """A Prefect server and a worker that can be killed and started again."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace, self.port = workplace, free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str) -> None:
        self.running[name] = self.workplace.start(str(BIN / "prefect"), *command)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()  # the process alone: its children live on, as after the out-of-memory killer
        process.wait()

    def start_server(self) -> None:
        self.start("server", "server", "start", "--port", str(self.port))
        wait_until(lambda: b"true" in curl(f"http://127.0.0.1:{self.port}/api/health"), 120)


def curl(address: str) -> bytes:
    return subprocess.run(["curl", "--silent", address], capture_output=True, check=False).stdout


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """A checkout with a long training, deployed, with a server and a worker."""
    workplace = make_workplace(tmp_path / "all" / "repository")
    params = workplace.root / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 3", "epochs: 250"))
    servers = Servers(workplace)
    api = f"http://127.0.0.1:{servers.port}/api"
    workplace.environment |= {"PREFECT_API_URL": api, "PREFECT_UI_API_URL": api, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    servers.start_server()
    workplace.heelstrike("deploy")
    servers.start("worker", "worker", "start", "--pool", "heelstrike")
    yield servers
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("PREFECT_API_URL") == api and process.pid != os.getpid():
            process.kill()


def states(servers: Servers) -> list[str]:
    """States of the runs that have begun, newest first."""
    listed = servers.workplace.run(str(BIN / "prefect"), "flow-run", "ls", "--output", "json").stdout
    return [run["state_type"] for run in json.loads(listed) if run["state_type"] != "SCHEDULED"]


def test_nothing_waits_for_ever(servers: Servers) -> None:
    root = servers.workplace.root
    progress = root / ".work" / "rearfoot" / "logs" / "train.progress"
    run = [str(BIN / "prefect"), "deployment", "run", "retrain/weekly-rearfoot"]
    servers.workplace.run(*run)
    wait_until(lambda: progress.is_file() and '"done": 5' in progress.read_text(), 300)
    for _ in range(3):  # one waits, the others are superfluous
        servers.workplace.run(*run)
    wait_until(lambda: states(servers).count("COMPLETED") == 2, 120)

    servers.kill("server")
    servers.start_server()
    servers.kill("worker")
    before = progress.read_text().count("\n")
    time.sleep(15)  # the run writes lines to the log of its dead worker
    assert progress.read_text().count("\n") > before
    assert sorted(states(servers)) == ["COMPLETED", "COMPLETED", "RUNNING", "RUNNING"]

    holder = json.loads((root / ".work" / "rearfoot" / "writer.json").read_text())["pid"]
    os.kill(holder, signal.SIGKILL)
    servers.workplace.heelstrike("schedule", "end-lost")
    wait_until(lambda: sorted(states(servers)) == ["COMPLETED", "COMPLETED", "COMPLETED", "CRASHED"], 400)
    assert "promoted" in servers.workplace.heelstrike("history", "rearfoot").stdout
    servers.workplace.heelstrike("schedule", "check")
