"""A small real repository of git and DVC whose two stages have run."""

import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from pipeline.environment import as_requirements, installed

GRAPH = """
stages:
  collect:
    foreach: ${{problems}}
    do:
      cmd: {python} run.py data/raw/${{item}} data/${{item}}/collect
      deps: [code/read.py, run.py, "data/raw/${{item}}"]
      params: ["${{item}}.collect"]
      outs: ["data/${{item}}/collect"]
  train:
    foreach: ${{problems}}
    do:
      cmd: {python} run.py data/${{item}}/collect models/${{item}}/train
      deps: [code, "data/${{item}}/collect"]
      params: ["${{item}}.train", "${{item}}.model"]
      outs: ["models/${{item}}/train"]
"""

RUN = """
import shutil, sys
shutil.copytree(sys.argv[1], sys.argv[2], ignore=lambda folder, names: [name for name in names if "dvc" in name])
"""

READ = '''"""Reads."""

import json

LIMIT = 3
KINDS: tuple[str, ...] = ("csv", "coco")


def read(path):
    """Read a file."""
    with open(path) as stream:
        return json.load(stream)


def count(rows, least=1):
    # rows without points do not count
    return sum(1 for row in rows if len(row) >= least)
'''

LEARN = '''"""Learns."""

import functools
import math


class Training:
    """A training."""

    rounds = 10

    def step(self, rate):
        """One step."""
        return rate * 0.5

    @property
    def ended(self):
        return self.rounds == 0


@functools.cache
def schedule(epoch):
    return math.cos(epoch)


async def wait():
    return None


if LIMIT := 4:
    RATE = 0.1
'''

PARAMS = """
problems: [toy]
toy:
  collect: {stride: 2, sources: [{kind: csv, labels: a.csv}, {kind: coco, labels: b.json}], box: {buffer: 10}}
  train: {lr: 0.003, epochs: 36, steps: [8, 16], schedule: one_cycle, clip: null}
  model: {name: unet, encoder: {name: resnet18, depth: 4}, dropout: 0.1}
"""

PACKAGES = ("torch", "numpy", "lightning", "optuna", "pandas", "scipy", "onnx", "timm", "Great_Expectations", "av")


def run(root: Path, *command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository after both stages have run and dvc.lock is committed."""
    root = tmp_path_factory.mktemp("repository")
    run(root, "git", "init", "--quiet")
    run(root, "git", "config", "user.email", "test@localhost")
    run(root, "git", "config", "user.name", "Test")
    Repo.init(str(root)).close()
    (root / "dvc.yaml").write_text(GRAPH.format(python=sys.executable))
    (root / "run.py").write_text(RUN)
    (root / "params.yaml").write_text(PARAMS)
    (root / "requirements.txt").write_text("".join(f"{name}==1.{n}.0\n" for n, name in enumerate(PACKAGES)))
    (root / "code").mkdir()
    (root / "code" / "read.py").write_text(READ)
    (root / "code" / "learn.py").write_text(LEARN)
    (root / "code" / "page.j2").write_text("<p>page</p>\n")
    batch = root / "data" / "raw" / "toy" / "0001-ab"
    batch.mkdir(parents=True)
    for number in range(6):
        (batch / f"walk{number}.mp4").write_text(f"video {number}")
    (batch / "labels.csv").write_text("frame,x\n1,2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        with Repo() as repo:
            repo.add([str(batch)])
            repo.reproduce()
    (root / "reports" / "toy").mkdir(parents=True)
    (root / "reports" / "toy" / "environment.txt").write_text(as_requirements(installed()))
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "--quiet", "-m", "Record the retrain of toy")
    return root
