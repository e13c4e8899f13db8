import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.registry.versions import CHAMPION, Version
from pipeline.layout import Layout
from pipeline.registry.decision import GATES, Decision, Gate
from pipeline.registry.promote import promote
from pipeline.registry.register import register
from pipeline.registry.store import open_registry
from pipeline.tracking.model import log_package
from pipeline.tracking.runs import retrain_run
from tests.packages import make_package
from tests.stores import lock, start_mlflow_server, write_weights


@dataclass
class World:
    """A repository with a registry, where candidates are made by hand."""

    root: Path
    problem: str = "rearfoot"

    @property
    def layout(self) -> Layout:
        return Layout(self.root, self.problem)

    def candidate(self, seed: int) -> Version:
        """Package, log and register a candidate as a retrain would; each seed is another package."""
        make_package(self.layout.out("package"), metrics={"seed": float(seed)})
        return self.register(seed)

    def register(self, seed: int) -> Version:
        """Log and register the package that lies there, and weights of the same seed."""
        write_weights(self.layout.out("train") / "weights.safetensors", seed)
        write_json(self.layout.out("train") / "settings.json", {"seed": seed})
        return self.release(seed)

    def release(self, seed: int) -> Version:
        """Log and register the package and the weights that lie there."""
        lock(self.layout, seed)
        with retrain_run(self.layout) as run:
            model_id = log_package(self.layout, run)
        return register(self.layout, model_id, run.run_id)

    def decision(self, version: Version, champion: int | None, *failed: str) -> Decision:
        """A decision on a version: every gate passed, but those named."""
        gates = tuple(Gate(name=name, passed=name not in failed, reason=f"{name} was made up") for name in GATES)
        return Decision(
            problem=self.problem,
            challenger=version.number,
            challenger_package=version.package,
            champion=champion,
            champion_package=None,
            test_split="0" * 64,
            time=utc_now(),
            gates=gates,
        )

    def promote_at_once(self, decisions: list[Decision]) -> list[str]:
        """Promote on several decisions from as many threads: what became of each, or the message that it got."""

        def attempt(decision: Decision) -> str:
            try:
                return promote(self.root, decision).kind
            except UserError as error:
                return str(error)

        with ThreadPoolExecutor(len(decisions)) as pool:
            return list(pool.map(attempt, decisions))

    @property
    def champion(self) -> int | None:
        """The champion's number, as a consumer sees it."""
        with open_registry(self.root, self.problem) as registry:
            return registry.aliases().get(CHAMPION)


@pytest.fixture
def world(tmp_path, empty_store, monkeypatch):
    """On embedded defaults."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    root.mkdir()
    shutil.copy(empty_store, root / "mlflow.db")
    return World(root)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """A real MLflow server on a loopback port: its address."""
    server, address = start_mlflow_server(tmp_path_factory.mktemp("server"))
    yield address
    os.killpg(server.pid, 15)
    server.wait(timeout=30)
