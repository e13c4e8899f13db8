"""A retrain commits everything that made its outputs, says what it cannot commit, and pushes."""

import sys
from pathlib import Path

import pytest
import yaml

from flows.recording import push_outputs, record_state
from pipeline.layout import Layout
from pipeline.tracking.lineage import uncommitted_inputs
from tests.flows.conftest import Listener, run


@pytest.fixture
def ran(versioned: Path) -> Layout:
    """The repository after the stages of `toy`, with settings that nobody has committed."""
    (versioned / "params.yaml").write_text("lr: 1\n")
    run(versioned, "git", "add", "params.yaml")
    run(versioned, "git", "commit", "--quiet", "-m", "Settings")
    (versioned / "params.yaml").write_text("lr: 2\n")
    run(versioned, sys.executable, "-m", "dvc", "repro", "--quiet", "second@toy")
    return Layout(versioned, "toy")


def test_the_lock_is_committed_with_the_params_that_made_it(ran: Layout, listener: Listener) -> None:
    record_state.fn(ran, [])
    assert run(ran.root, "git", "show", "HEAD:params.yaml") == "lr: 2\n"
    assert "second@toy" in yaml.safe_load(run(ran.root, "git", "show", "HEAD:dvc.lock"))["stages"]
    assert "data/raw/toy/.gitkeep" in run(ran.root, "git", "ls-files")
    assert len(listener.lines) == 1
    assert uncommitted_inputs(ran) == []


def test_what_is_in_no_commit_is_named(ran: Layout, listener: Listener) -> None:
    with (ran.root / "work.py").open("a") as code:
        code.write("# tried out\n")
    record_state.fn(ran, [])
    assert listener.lines[-1].startswith("this retrain cannot be reproduced from git: work.py")


def test_a_remote_that_is_away_is_said_and_the_next_push_succeeds(ran: Layout, listener: Listener) -> None:
    blocked = ran.root / ".store"
    blocked.write_text("a file where the remote should be")
    state = push_outputs.fn(ran)
    assert state.name == "NotPushed"
    assert listener.lines[-1].startswith("the outputs are not in DVC's remote yet: ")
    blocked.unlink()
    assert push_outputs.fn(ran) is None
    assert len([path for path in (ran.root / ".store").rglob("*") if path.is_file()]) == 1  # both outputs are `good`
