"""Checkouts that share a git remote: each takes the other's commits and gives its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.reporting import LineReporter, reporter
from flows.shared import give, take
from heelstrike.errors import UserError
from pipeline.layout import Layout


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(layout: Layout, name: str) -> None:
    (layout.root / name).write_text(f"{name} of {layout.root.name}\n")
    git(layout.root, "add", name)
    git(layout.root, "commit", "--quiet", "-m", name)


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    token = reporter.set(LineReporter(lines.append))
    yield lines
    reporter.reset(token)


@pytest.fixture
def checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Layout, Layout]:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@localhost")
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    layouts = []
    for name in ("one", "two"):
        git(tmp_path, "clone", "--quiet", "remote.git", name)
        layouts.append(Layout(tmp_path / name, "tiny"))
        if name == "one":
            commit(layouts[0], "first")
            git(layouts[0].root, "push", "--quiet", "--set-upstream", "origin", "HEAD")
    return layouts[0], layouts[1]


def test_commits_go_from_one_checkout_to_the_other(checkouts: tuple[Layout, Layout]) -> None:
    one, two = checkouts
    commit(one, "new")
    assert give.fn(one) is None
    (two.root / "first").write_text("changed here, not committed\n")
    take.fn(two)
    assert (two.root / "new").read_text() == "new of one\n"
    assert (two.root / "first").read_text() == "changed here, not committed\n"


def test_the_slower_one_puts_its_commits_on_top(checkouts: tuple[Layout, Layout]) -> None:
    one, two = checkouts
    commit(one, "a")
    commit(two, "b")
    assert give.fn(one) is None
    assert give.fn(two) is None
    assert git(two.root, "log", "--format=%s", "origin/HEAD").split() == ["b", "a", "first"]
    take.fn(one)
    assert git(one.root, "rev-parse", "HEAD") == git(two.root, "rev-parse", "HEAD")


def test_commits_that_change_the_same_lines_stay_here(checkouts: tuple[Layout, Layout], said: list[str]) -> None:
    one, two = checkouts
    commit(one, "same")
    commit(two, "same")
    assert give.fn(one) is None
    refused = give.fn(two)
    assert getattr(refused, "name", None) == "NotPushed"
    assert "error: could not apply" in said[0]
    assert git(two.root, "log", "--format=%s").split() == ["same", "first"]
    assert (two.root / "same").read_text() == "same of two\n"
    assert git(two.root, "status", "--porcelain") == ""


def test_a_remote_that_is_away_fails_the_start_but_not_the_end(
    checkouts: tuple[Layout, Layout], said: list[str]
) -> None:
    one, _ = checkouts
    git(one.root, "remote", "set-url", "origin", "/nowhere/repository.git")
    commit(one, "new")
    assert getattr(give.fn(one), "name", None) == "NotPushed"
    assert "fatal: '/nowhere/repository.git' does not appear to be a git repository" in said[0]
    with pytest.raises(UserError, match=r"/nowhere/repository\.git"):
        take.fn(one)
