"""Two work folders as two machines: one pool, one registry, the remotes of git and DVC; each goes on from the other."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import BIN, Workplace, free_port, make_workplace
from tests.e2e.test_schedule_survives import curl, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
IDENTITY = {f"GIT_{role}_{what}": f"test{'@localhost' * (what == 'EMAIL')}" for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")}  # fmt: skip


@dataclass
class Machines:
    """Two checkouts, and the programs that run for them."""

    one: Workplace
    two: Workplace
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start_worker(self, machine: Workplace) -> "subprocess.Popen[bytes]":
        worker = machine.start(str(BIN / "prefect"), "worker", "start", "--pool", "heelstrike")
        self.running.append(worker)
        return worker

    def retrain(self, machine: Workplace) -> None:
        """Run the deployment while only the worker of this machine is there."""
        worker = self.start_worker(machine)
        before = len(self.ended())
        self.one.run(str(BIN / "prefect"), "deployment", "run", "retrain/weekly-rearfoot")
        wait_until(lambda: len(self.ended()) > before, 500)
        assert self.ended()[0] == "COMPLETED"
        worker.terminate()
        worker.wait()

    def ended(self) -> list[str]:
        """States of the runs that have ended, newest first."""
        listed = json.loads(self.one.run(str(BIN / "prefect"), "flow-run", "ls", "--output", "json").stdout)
        states = [run["state_type"] for run in listed]
        return [state for state in states if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    one = make_workplace(tmp_path / "one" / "repository")
    port, shared = free_port(), tmp_path / "shared"
    shared.mkdir()
    api = f"http://127.0.0.1:{port}/api"
    together = IDENTITY | {
        "PREFECT_API_URL": api, "PREFECT_WORKER_QUERY_SECONDS": "1", "MLFLOW_TRACKING_URI": f"sqlite:///{shared}/mlflow.db",
        "HEELSTRIKE_ARTIFACTS": str(shared / "artifacts"),
    }  # fmt: skip
    one.environment |= together
    prefect = one.root / "prefect.yaml"
    text = prefect.read_text().replace("# pull: [", "pull: [")
    prefect.write_text(text.replace("{problem: PROBLEM, hours: 12, attempts: 4}", "{problem: PROBLEM, share: true}"))
    one.run("python", "-m", "dvc", "remote", "add", "--default", "--force", "store", str(shared / "store"))
    one.run("git", "commit", "--quiet", "--all", "-m", "Share")
    one.run("git", "clone", "--quiet", "--bare", ".", str(shared / "repository.git"))
    one.run("git", "remote", "add", "origin", str(shared / "repository.git"))
    one.run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
    (tmp_path / "two").mkdir()
    one.run("git", "clone", "--quiet", str(shared / "repository.git"), str(tmp_path / "two" / "repository"))
    moved = {name: value.replace(f"{tmp_path}/one", f"{tmp_path}/two") for name, value in one.environment.items()}
    machines = Machines(one, Workplace(tmp_path / "two" / "repository", moved))
    machines.running.append(one.start(str(BIN / "prefect"), "server", "start", "--port", str(port)))
    wait_until(lambda: b"true" in curl(f"http://127.0.0.1:{port}/api/health"), 120)
    yield machines
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("PREFECT_API_URL") == api and process.pid != os.getpid():
            process.kill()


def test_each_machine_goes_on_from_what_the_other_made(machines: Machines) -> None:
    one, two = machines.one, machines.two
    one.heelstrike("deploy")
    one.run("git", "commit", "--quiet", "--all", "-m", "Deploy", check=False)
    machines.retrain(one)
    assert "promoted" in one.heelstrike("history", "rearfoot").stdout
    assert not (two.root / "models/rearfoot/train").exists()

    params = two.root / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 3", "epochs: 4"))
    two.run("git", "commit", "--quiet", "--all", "-m", "Train longer")
    machines.retrain(two)
    assert (two.root / "data/rearfoot/prepare").is_dir()
    assert not (two.root / ".work/rearfoot/collect").exists(), "the frames were rendered again"
    assert two.heelstrike("history", "rearfoot").stdout == one.heelstrike("history", "rearfoot").stdout
    assert _head(one) != _head(two) == _head(one, "ls-remote", "origin", "HEAD")

    machines.retrain(one)
    assert _head(one) == _head(two)
    weights = Path("models/rearfoot/train/weights.safetensors")
    assert (one.root / weights).read_bytes() == (two.root / weights).read_bytes()


def _head(machine: Workplace, *command: str) -> str:
    return machine.run("git", *(command or ("rev-parse", "HEAD"))).stdout.split()[0]
