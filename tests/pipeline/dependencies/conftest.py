"""A real git and DVC repository with two small stages that run through the code of `python -m pipeline`."""

import os
import shutil
import subprocess
import sys
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

    def repro(self, *targets: str) -> list[str]:
        """Addresses of the stages that `dvc repro` ran."""
        with Repo(str(self.root)) as repo:
            return [stage.addressing for stage in repo.reproduce(list(targets) or None)]

    def refused(self, target: str) -> bool:
        """Whether `dvc repro` fails on this stage."""
        try:
            self.repro(target)
        except ReproductionError:
            return True
        return False

    def lock(self) -> str:
        """What dvc.lock holds."""
        return (self.root / "dvc.lock").read_text()

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command at the top."""
        return subprocess.run(command, cwd=self.root, check=False, capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """The repository, also the working directory, after both stages have run."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    Repo.init(str(tmp_path)).close()
    (tmp_path / "dvc.yaml").write_text(GRAPH.format(python=sys.executable))
    (tmp_path / "stages.py").write_text(STAGES)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "network.py").write_text("width = 8\n")
    shutil.copy(ROOT / "tests" / "e2e" / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    checkout = Checkout(tmp_path)
    checkout.meanwhile("true")
    assert checkout.repro() == ["prepare@rearfoot", "train@rearfoot"]
    return checkout
