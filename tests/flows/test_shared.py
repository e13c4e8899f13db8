"""Checkouts that share a git remote: each takes the other's commits and gives its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flows.reporting import LineReporter, reporter
from flows.shared import _merge, give, take
from heelstrike.errors import UserError
from pipeline.layout import Layout

ROOT = Path(__file__).parents[2]


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


def test_the_slower_one_merges_and_its_tags_stay_valid(checkouts: tuple[Layout, Layout]) -> None:
    one, two = checkouts
    commit(one, "a")
    commit(two, "b")
    git(two.root, "tag", "--annotate", "batch", "-m", "A batch")
    assert give.fn(one) is None
    assert give.fn(two) is None
    assert git(one.root, "ls-remote", "origin", "batch^{}").split()[0] == git(two.root, "rev-parse", "HEAD^1").strip()
    take.fn(one)
    assert git(one.root, "rev-parse", "HEAD") == git(two.root, "rev-parse", "HEAD")


def test_commits_that_change_the_same_lines_stay_here(checkouts: tuple[Layout, Layout], said: list[str]) -> None:
    one, two = checkouts
    commit(one, "same")
    commit(two, "same")
    assert give.fn(one) is None
    refused = give.fn(two)
    assert getattr(refused, "name", None) == "NotPushed"
    assert "have changed the same lines of same, in commits" in said[0]
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


def entries(layout: Layout, text: str) -> None:
    (layout.root / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n{text}")


def test_new_stages_of_two_machines_have_no_conflict(checkouts: tuple[Layout, Layout]) -> None:
    one, two = checkouts
    for layout in checkouts:
        shutil.copy2(ROOT / ".gitattributes", layout.root)
    entries(one, "  a@one: {cmd: a}\n")
    entries(two, "  a@two: {cmd: b}\n")
    for layout in checkouts:
        git(layout.root, "add", "--all")
        git(layout.root, "commit", "--quiet", "-m", "Run")
        assert give.fn(layout) is None
    lock = yaml.safe_load((two.root / "dvc.lock").read_text())
    assert lock == {"schema": "2.0", "stages": {"a@two": {"cmd": "b"}, "a@one": {"cmd": "a"}}}


def test_an_interrupted_retrain_takes_what_another_machine_made(
    checkouts: tuple[Layout, Layout], said: list[str]
) -> None:
    one, two = checkouts
    commit(one, "dvc.lock")
    commit(one, "params.yaml")
    give.fn(one)
    _merge(two.root)
    commit_again(one, "dvc.lock")
    give.fn(one)
    (two.root / "dvc.lock").write_text("of the interrupted one\n")
    (two.root / "first").write_text("changed here\n")
    _merge(two.root)
    assert (two.root / "dvc.lock").read_text() == (one.root / "dvc.lock").read_text()
    assert (two.root / "first").read_text() == "changed here\n"
    assert "its dvc.lock is taken" in said[-1]

    commit_again(one, "params.yaml")
    give.fn(one)
    (two.root / "params.yaml").write_text("edited here\n")
    before = git(two.root, "rev-parse", "HEAD"), git(two.root, "status", "--porcelain")
    with pytest.raises(UserError, match=r"same lines of params\.yaml, here without a commit"):
        _merge(two.root)
    assert (two.root / "params.yaml").read_text() == "edited here\n"
    assert (git(two.root, "rev-parse", "HEAD"), git(two.root, "status", "--porcelain")) == before


def commit_again(layout: Layout, name: str) -> None:
    (layout.root / name).write_text("another one\n")
    git(layout.root, "commit", "--quiet", "--all", "-m", name)
