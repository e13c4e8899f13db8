"""The real thing, small: a copy of this repository with small params, its own stores, and servers where asked for."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@dataclass
class Workplace:
    """A checkout with small params, and the environment that its commands run in.

    Attributes:
        root: The checkout.
        environment: Beside this process's own.
        first: Output of its first retrain.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    first: str = ""

    def run(self, *command: str, check: bool = True, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the checkout; its output is shown when the test fails."""
        done = subprocess.run(
            command, cwd=self.root, env=self.env | more, capture_output=True, text=True, check=False, timeout=1500
        )
        print(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        if check:
            assert done.returncode == 0, f"{command} exited with {done.returncode}"
        return done

    def heelstrike(self, *arguments: str, check: bool = True, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run the command line."""
        return self.run(str(BIN / "heelstrike"), *arguments, check=check, **more)

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own, to be killed."""
        return subprocess.Popen(command, cwd=self.root, env=self.env, start_new_session=True)

    @property
    def env(self) -> dict[str, str]:
        """The environment of its commands."""
        return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | self.environment


def make_workplace(root: Path) -> Workplace:
    """Copy what git would hold of this repository, with the small params, into a repository of its own."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    shutil.copy2(Path(__file__).with_name("params.yaml"), root / "params.yaml")
    environment = {
        "HEELSTRIKE_CACHE": str(root.parent / "cache"),
        "HEELSTRIKE_INBOX_QUIET_S": "0",
        "PREFECT_HOME": str(root.parent / "prefect"),
        "PYTHONPATH": str(root),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "140",
    }
    workplace = Workplace(root, environment)
    for command in ("init --quiet", "add -A", "commit --quiet -m Start"):
        identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        workplace.run("git", *identity, *command.split())
    return workplace


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A checkout after a plain `dvc repro` and `heelstrike retrain rearfoot`; tests that change it take a `copy`.

    The whole road is run twice: here by DVC alone, and by the flow in test_kill.py, to the same hashes.
    """
    workplace = make_workplace(tmp_path_factory.mktemp("trained") / "repository")
    workplace.run("python", "-m", "dvc", "repro")
    workplace.first = workplace.heelstrike("retrain", "rearfoot").stdout
    return workplace


@pytest.fixture
def copy(trained: Workplace, tmp_path: Path) -> Workplace:
    """A copy of the trained checkout, stores included, for a test to change."""
    shutil.copytree(trained.root.parent, tmp_path / "all", symlinks=True)
    root = tmp_path / "all" / trained.root.name
    moved = {
        key: value.replace(str(trained.root.parent), str(root.parent)) for key, value in trained.environment.items()
    }
    return Workplace(root, moved)


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., None]]:
    """Start servers that live until the session ends: `serve(command, health_url, environment)`."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], health: str, environment: dict[str, str]) -> None:
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=os.environ | environment, stdout=output, stderr=output, start_new_session=True
            )
        running.append(process)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(health, timeout=2).close()
                return
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.5)
        raise AssertionError(f"{command} did not answer at {health}:\n{log.read_text()}")

    yield start
    for process in running:
        os.killpg(process.pid, 9)
        process.wait()


@pytest.fixture(scope="session")
def prefect_server(serve: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment that points at a real Prefect server on loopback."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_API_URL": api,
        "PREFECT_UI_API_URL": api,
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect-home")),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    own = {key: value for key, value in environment.items() if key != "PREFECT_API_URL"}
    serve([str(BIN / "prefect"), "server", "start", "--port", str(port)], f"{api}/health", own)
    return environment


@pytest.fixture(scope="session")
def mlflow_server(serve: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment that points at a real MLflow server on loopback."""
    port, home = free_port(), tmp_path_factory.mktemp("mlflow")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{home / 'runs.db'}", "--artifacts-destination", str(home / "files")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    serve(command, f"http://127.0.0.1:{port}/health", quiet)
    return {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
