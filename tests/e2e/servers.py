"""A Prefect server and a worker that can be killed and started again, and what the server says of its runs."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psutil

from tests.e2e.conftest import BIN, Workplace, free_port


class Servers:
    """A Prefect server and a worker of a checkout; `end` ends whatever they have started."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace, self.port = workplace, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        workplace.environment |= {
            "PREFECT_API_URL": self.api,
            "PREFECT_UI_API_URL": self.api,
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }

    def start(self, name: str, *command: str) -> None:
        self.running[name] = self.workplace.start(str(BIN / "prefect"), *command)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()  # the process alone: its children live on, as after the out-of-memory killer
        process.wait()

    def start_server(self) -> None:
        self.start("server", "server", "start", "--port", str(self.port))
        wait_until(lambda: b"true" in curl(f"{self.api}/health"), 120)

    def start_worker(self) -> None:
        self.start("worker", "worker", "start", "--pool", "heelstrike")

    def run(self, deployment: str) -> None:
        """Ask the server for a run of a deployment."""
        self.workplace.run(str(BIN / "prefect"), "deployment", "run", f"retrain/{deployment}")

    def states(self) -> list[str]:
        """States of the runs that have begun, newest first."""
        return [run["state_type"] for run in self._runs() if run["state_type"] != "SCHEDULED"]

    def overdue(self) -> list[str]:
        """Names of the runs that should have begun and wait."""
        now = datetime.now(UTC).isoformat()
        waiting = [run for run in self._runs() if run["state_type"] == "SCHEDULED"]
        return [
            run["name"] for run in waiting if (run["next_scheduled_start_time"] or run["expected_start_time"]) < now
        ]

    def _runs(self) -> list[dict[str, Any]]:
        """All runs of the server, by its API: its command line takes seconds to start."""
        body = json.dumps({"sort": "EXPECTED_START_TIME_DESC", "limit": 200}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.api}/flow_runs/filter", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return list(json.load(answer))

    def end(self) -> None:
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get("PREFECT_API_URL") == self.api and process.pid != os.getpid():
                process.kill()


def curl(address: str) -> bytes:
    return subprocess.run(["curl", "--silent", address], capture_output=True, check=False).stdout


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
