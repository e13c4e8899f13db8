"""Shared by the tests of flows: a small git and DVC repository, a Prefect server, the command line."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from prefect.settings import (
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness
from typer.testing import CliRunner

from flows.quiet_files import QUIET
from flows.reporting import reporter
from heelstrike import terminal
from heelstrike.cli import app
from pipeline.params import parse_params
from tests.flows.inboxes import TOY, fill, three_frames
from tests.worlds import world

__all__ = ["world"]

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


def result_lines(output: str) -> list[str]:
    """The lines of an output without times, and without the lines that say what starts or how far it is."""
    lines = [re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  )?(.*?) *", line) for line in output.splitlines()]
    return [line[2] for line in lines if line and line[2] and (not line[1] or line[2][0] in "✓✗")]


def write_params(root: Path, **problems: Any) -> None:
    """Write params.yaml with every section that it must have, defaults included."""
    parsed = parse_params({"problems": list(problems), **problems})
    sections = {name: section.model_dump(mode="json", by_alias=True) for name, section in parsed.items()}
    (root / "params.yaml").write_text(yaml.safe_dump({"problems": list(problems), **sections}, sort_keys=False))


@pytest.fixture(scope="session")
def repository_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that each test gets a copy of: `dvc init` takes most of a second."""
    root = tmp_path_factory.mktemp("repository-to-copy")
    run(root, "git", "init", "--quiet")
    run(root, "git", "config", "user.email", "test@localhost")
    run(root, "git", "config", "user.name", "Test")
    run(root, sys.executable, "-m", "dvc", "init", "--quiet")
    (root / "dvc.yaml").write_text(GRAPH.format(python=sys.executable))
    (root / "work.py").write_text(WORK)
    (root / "in.txt").write_text("good")
    (root / ".gitignore").write_text("/*.txt\n.work\n")
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "--quiet", "-m", "Start")
    return root


@pytest.fixture
def repository(repository_to_copy: Path, tmp_path: Path) -> Path:
    """A committed repository with `first` and `second` stages over the problems `toy` and `other`."""
    shutil.copytree(repository_to_copy, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def versioned(repository: Path) -> Path:
    """The repository with a local DVC remote in `.store`."""
    (repository / ".dvc" / "config").write_text(
        "[core]\n    remote = local\n['remote \"local\"']\n    url = ../.store\n"
    )
    run(repository, "git", "commit", "--quiet", "-am", "Add a remote")
    return repository


@pytest.fixture(autouse=True)
def files_need_not_be_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test has just written are ingested at once; a test of the waiting sets its own time."""
    monkeypatch.setenv(QUIET, "0")


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of three frames."""
    return three_frames(tmp_path_factory.mktemp("video") / "walk.mp4")


@pytest.fixture
def inbox(versioned: Path, video: bytes) -> Path:
    """An inbox with one video and its labels, of a problem that reads them."""
    write_params(versioned, toy=TOY)
    inbox = versioned / "data" / "inbox" / "toy"
    fill(inbox / "week", video)
    return inbox


class Listener:
    """A reporter that remembers what the flow says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, stage: str) -> None: ...

    def event(self, stage: str, event: dict) -> None: ...

    def finish(self, stage: str, note: str = "") -> None: ...

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """The reporter in force during the test."""
    heard = Listener()
    token = reporter.set(heard)
    yield heard
    reporter.reset(token)


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A real Prefect server with an empty database, for flows of this process; it takes some ten seconds to start."""
    patient = {PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 120, PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(patient), prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def heelstrike(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command line in a folder, in this process, on terminals of 80 columns."""

    def call(folder: Path, *arguments: str) -> Result:
        monkeypatch.chdir(folder)
        for console in (terminal.console, terminal.problems):
            monkeypatch.setattr(console, "width", 80)
        return CliRunner().invoke(app, arguments)

    return call
