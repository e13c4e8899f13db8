"""A real git and DVC repository with small stages, for the flows' own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

GRAPH = """
stages:
  second:
    foreach: [toy, other]
    do:
      cmd: {python} work.py first.${{item}}.txt second.${{item}}.txt
      deps: ["first.${{item}}.txt", work.py]
      outs: ["second.${{item}}.txt"]
  first:
    foreach: [toy, other]
    do:
      cmd: {python} work.py in.txt first.${{item}}.txt
      deps: [in.txt, work.py]
      outs: ["first.${{item}}.txt"]
"""

WORK = """
import json, os, sys
if os.environ.get("HEELSTRIKE_PROGRESS"):
    with open(os.environ["HEELSTRIKE_PROGRESS"], "a") as stream:
        for done in (0, 1):
            event = {"label": "copy", "done": done, "total": 1, "fields": {"size": 1.0}}
            stream.write(json.dumps(event) + chr(10))
text = open(sys.argv[1]).read()
if "bad" in text:
    sys.exit(f"first@toy: {sys.argv[1]}: found bad, expected good")
open(sys.argv[2], "w").write(text)
"""


def run(folder: Path, *command: str) -> str:
    """Run a command that must succeed."""
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A committed repository with `first` and `second` stages over the problems `toy` and `other`."""
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "config", "user.email", "test@localhost")
    run(tmp_path, "git", "config", "user.name", "Test")
    run(tmp_path, sys.executable, "-m", "dvc", "init", "--quiet")
    (tmp_path / "dvc.yaml").write_text(GRAPH.format(python=sys.executable))
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "in.txt").write_text("good")
    (tmp_path / ".gitignore").write_text("/*.txt\n.work\n")
    run(tmp_path, "git", "add", "-A")
    run(tmp_path, "git", "commit", "--quiet", "-m", "Start")
    return tmp_path
