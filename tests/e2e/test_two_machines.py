"""Two work folders as two machines: one pool, one registry, the remotes of git and DVC; each goes on from the other."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import BIN, Workplace, make_workplace
from tests.e2e.servers import Servers, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
IDENTITY = {f"GIT_{role}_{what}": f"test{'@localhost' * (what == 'EMAIL')}" for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")}  # fmt: skip

SECRET = "not-for-the-server"


class Machines:
    """Two checkouts of a bare repository, with one Prefect server, one registry and one remote of DVC."""

    def __init__(self, folder: Path) -> None:
        self.one = make_workplace(folder / "one" / "repository")
        shared = folder / "shared"
        shared.mkdir()
        self.servers = Servers(self.one)
        self.one.environment |= IDENTITY | {
            "MLFLOW_TRACKING_URI": f"sqlite:///{shared}/mlflow.db", "HEELSTRIKE_ARTIFACTS": str(shared / "artifacts"),
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }  # fmt: skip
        _share(self.one.root / "prefect.yaml")
        self.one.run("python", "-m", "dvc", "remote", "add", "--default", "--force", "store", str(shared / "store"))
        self.one.run("git", "commit", "--quiet", "--all", "-m", "Share")
        self.one.run("git", "clone", "--quiet", "--bare", ".", str(shared / "repository.git"))
        self.one.run("git", "remote", "add", "origin", str(shared / "repository.git"))
        self.one.run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
        self.one.run("git", "clone", "--quiet", str(shared / "repository.git"), str(folder / "two" / "repository"))
        moved = {key: text.replace(f"{folder}/one", f"{folder}/two") for key, text in self.one.environment.items()}
        self.two = Workplace(folder / "two" / "repository", moved)

    def start_worker(self, machine: Workplace) -> "subprocess.Popen[bytes]":
        return machine.start(str(BIN / "prefect"), "worker", "start", "--pool", "heelstrike")

    def retrain(self, machine: Workplace) -> None:
        """Run the deployment while only the worker of this machine is there."""
        worker, before = self.start_worker(machine), len(self.servers.states())
        self.servers.run("weekly-rearfoot")
        wait_until(lambda: len(self.servers.states()) > before and self.servers.states()[0] not in _UNDER_WAY, 400)
        assert self.servers.states()[0] == "COMPLETED"
        worker.terminate()
        worker.wait()


_UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")


def _share(prefect: Path) -> None:
    """Change prefect.yaml as docs/scheduling.md says."""
    text = prefect.read_text().replace("# pull: [", "pull: [")
    parameters = "parameters: {problem: PROBLEM, hours: 12, attempts: 4}\n"
    prefect.write_text(text.replace(parameters, f"{parameters[:-2]}, share: true}}\n    concurrency_limit: 1\n"))


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    machines = Machines(tmp_path)
    machines.servers.start_server()
    yield machines
    machines.servers.end()


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

    _leave_as_killed(one)
    machines.retrain(one)
    assert _head(one) == _head(two)
    assert _head(one, "status", "--porcelain", "--untracked-files=no") == "nothing"
    weights = Path("models/rearfoot/train/weights.safetensors")
    assert (one.root / weights).read_bytes() == (two.root / weights).read_bytes()
    kept = [path for path in Path(one.environment["PREFECT_HOME"]).rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in kept)
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def _head(machine: Workplace, *command: str) -> str:
    return (machine.run("git", *(command or ("rev-parse", "HEAD"))).stdout.split() or ["nothing"])[0]


def _leave_as_killed(machine: Workplace) -> None:
    """Leave what a retrain leaves that was killed: an entry in dvc.lock without a commit, and a part of an output."""
    lock, output = machine.root / "dvc.lock", machine.root / "models/rearfoot/train"
    entries = yaml.safe_load(lock.read_text())
    entries["stages"]["train@rearfoot"]["outs"][0]["md5"] = f"{'0' * 32}.dir"
    lock.write_text(yaml.safe_dump(entries, sort_keys=False))
    shutil.rmtree(output)
    output.mkdir()
    (output / "half").write_text("half")
