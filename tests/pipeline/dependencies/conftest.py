"""A real git and DVC repository with two small stages that run through the code of `python -m pipeline`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.exceptions import ReproductionError
from dvc.repo import Repo

ROOT = Path(__file__).parents[3]

GRAPH = """
stages:
  prepare:
    foreach: ${{problems}}
    do:
      cmd: {python} stages.py prepare ${{item}}
      deps: [code]
      params: ["${{item}}.prepare"]
      outs: ["data/${{item}}/prepare"]
  train:
    foreach: ${{problems}}
    do:
      cmd: {python} stages.py train ${{item}}
      deps: [code, "data/${{item}}/prepare"]
      params: ["${{item}}.train"]
      outs: ["models/${{item}}/train"]
"""

# Small stand-ins for the two stages. meanwhile.sh is what somebody does while a stage runs.
STAGES = """
import subprocess, sys, types
from pipeline.__main__ import main

WRITES = {"prepare": {"images/1.png": "one", "keypoints.npy": "two"}, "train": {"weights.safetensors": "three"}}

def run(params, layout):
    subprocess.run(["sh", "meanwhile.sh"], check=True)
    for name, content in WRITES[sys.argv[1]].items():
        path = layout.out(sys.argv[1]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

stage = types.ModuleType("stage")
stage.run = run
sys.modules[f"pipeline.{sys.argv[1]}.stage"] = stage
sys.exit(main())
"""


class Checkout:
    """The repository.

    Attributes:
        root: Its top.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def meanwhile(self, command: str) -> None:
        """Do this while the next stage runs."""
        (self.root / "meanwhile.sh").write_text(command)

    def repro(self, *targets: str, **options: bool) -> list[str]:
        """Addresses of the stages that `dvc repro` ran; all stages without a target."""
        with Repo(str(self.root)) as repo:
            return [stage.addressing for stage in repo.reproduce(list(targets) or None, **options)]

    def refused(self, target: str, **options: bool) -> bool:
        """True if `dvc repro` fails on this stage."""
        try:
            self.repro(target, **options)
        except ReproductionError:
            return True
        return False

    def restore(self) -> None:
        """Bring params.yaml and the code back to what they were; nothing happens while a stage runs."""
        shutil.copy(ROOT / "tests" / "e2e" / "params.yaml", self.root / "params.yaml")
        shutil.rmtree(self.root / "code")
        (self.root / "code").mkdir()
        (self.root / "code" / "network.py").write_text("width = 8\n")
        self.meanwhile("true")

    def lock(self) -> str:
        """Content of dvc.lock."""
        return (self.root / "dvc.lock").read_text()

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command at the top."""
        return subprocess.run(command, cwd=self.root, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The repository after both stages have run; the working directory of the module's tests."""
    root = tmp_path_factory.mktemp("checkout")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    Repo.init(str(root)).close()
    (root / "dvc.yaml").write_text(GRAPH.format(python=sys.executable))
    (root / "stages.py").write_text(STAGES)
    (root / "code").mkdir()
    checkout = Checkout(root)
    checkout.restore()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        assert checkout.repro() == ["prepare@rearfoot", "train@rearfoot"]
        yield checkout


@pytest.fixture
def checkout(made: Checkout) -> Iterator[Checkout]:
    """The repository; what a test does to it is undone."""
    before = made.lock()
    yield made
    made.restore()
    (made.root / "dvc.lock").write_text(before)
    shutil.rmtree(made.root / "data")
    made.repro()
