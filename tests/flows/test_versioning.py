"""Git commits of a flow: its own paths and nothing else."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flows.versioning import LOCK_WAIT, commit_paths, dvc, git, tag
from heelstrike.errors import UserError
from tests.flows.conftest import Listener


def test_only_the_named_paths_are_committed(repository: Path) -> None:
    (repository / "mine").write_text("1")
    (repository / "yours").write_text("1")
    git(repository, "add", "yours")
    assert commit_paths(repository, [repository / "mine"], "Add mine")
    assert git(repository, "show", "--name-only", "--format=%s") == "Add mine\n\nmine"
    assert git(repository, "status", "--porcelain") == "A  yours"


def test_nothing_to_commit_is_not_an_error(repository: Path) -> None:
    assert not commit_paths(repository, [repository / "work.py"], "Nothing")


def test_a_machine_without_an_identity_can_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(repository))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(repository))
    git(repository, "config", "--unset", "user.name")
    git(repository, "config", "--unset", "user.email")
    (repository / "new").write_text("1")
    assert commit_paths(repository, [repository / "new"], "Add new")
    assert git(repository, "log", "-1", "--format=%an") == "Heelstrike"


def test_a_tag_is_set_once(repository: Path) -> None:
    tag(repository, "data/toy/0001", "first")
    tag(repository, "data/toy/0001", "again")
    assert git(repository, "tag", "--list", "--format=%(refname:short) %(subject)") == "data/toy/0001 first"


def test_failures_carry_the_tools_own_words(repository: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)`git show nothing` failed:.*nothing"):
        git(repository, "show", "nothing")
    with pytest.raises(UserError, match=r"(?s)`dvc add missing` failed:.*missing"):
        dvc(repository, "add", "missing")


def test_a_lock_of_git_is_waited_for(repository: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    (repository / "new").write_text("1")
    lock = repository / ".git" / "index.lock"
    lock.touch()
    monkeypatch.setenv(LOCK_WAIT, "0")
    with pytest.raises(UserError, match=r"(?s)index\.lock.*It is locked by another git command.* remove the lock file"):
        commit_paths(repository, [repository / "new"], "Add new")
    monkeypatch.setenv(LOCK_WAIT, "20")
    other = threading.Timer(0.7, lock.unlink)
    other.start()
    assert commit_paths(repository, [repository / "new"], "Add new")
    assert listener.lines == ["git is locked by another git command; waiting for at most 20 s"]


HOLD = """
import sys
from dvc.repo import Repo
with Repo() as repo, repo.lock:
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
def test_dvcs_lock_is_waited_for_and_its_holder_is_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    (repository / "big").write_text("1")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    monkeypatch.setenv(LOCK_WAIT, "0")
    with pytest.raises(UserError, match=rf"It is locked by process {holder.pid} \("):
        dvc(repository, "add", "big")
    monkeypatch.setenv(LOCK_WAIT, "30")
    threading.Timer(5, holder.communicate, ["go\n"]).start()
    dvc(repository, "add", "big")
    assert (repository / "big.dvc").is_file()
    assert f"dvc is locked by process {holder.pid} (" in listener.lines[0]
