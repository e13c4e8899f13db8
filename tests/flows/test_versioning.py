"""Git commits of a flow: its own paths and nothing else."""

from pathlib import Path

import pytest

from flows.versioning import commit_paths, dvc, git, tag
from heelstrike.errors import UserError


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
