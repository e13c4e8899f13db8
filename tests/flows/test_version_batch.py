"""Ingest into a real git and DVC repository with a local remote; the flow around it is run in tests/e2e."""

import shutil
import sys
from pathlib import Path

import pytest

from flows.batches import require_files
from flows.ingest import version_batch
from flows.quiet_files import stamps
from flows.versioning import git
from heelstrike.errors import UserError
from pipeline.layout import Layout
from tests.flows.conftest import Listener, run


@pytest.fixture
def layout(versioned: Path) -> Layout:
    """The repository with an inbox of two files."""
    inbox = versioned / "data" / "inbox" / "toy"
    inbox.mkdir(parents=True)
    (inbox / "labels.csv").write_text("a")
    (inbox / "walk.mp4").write_text("b")
    return Layout(versioned, "toy")


def version(layout: Layout, *names: str) -> str:
    """Version files of the inbox as the flow does it."""
    inbox = layout.root / "data" / "inbox" / "toy"
    return version_batch.fn(layout, inbox, list(names), stamps(inbox, names))


def batches(layout: Layout) -> list[str]:
    return sorted(path.name for path in layout.raw.iterdir() if path.is_dir())


def test_a_batch_is_in_dvc_in_git_tagged_and_pushed(layout: Layout, listener: Listener) -> None:
    name = version(layout, "labels.csv", "walk.mp4")
    assert name.startswith("0001-")
    assert (layout.raw / name / "walk.mp4").read_text() == "b"
    assert git(layout.root, "ls-files", "data/raw").splitlines() == [
        "data/raw/toy/.gitignore",
        f"data/raw/toy/{name}.dvc",
    ]
    assert git(layout.root, "tag") == f"data/toy/{name}"
    stored = [path for path in (layout.root / ".store").rglob("*") if path.is_file()]
    assert len(stored) == 3  # two files and their directory listing
    assert "2 files" in listener.lines[0]


def test_the_same_files_again_are_the_same_batch(layout: Layout, listener: Listener) -> None:
    first = version(layout, "labels.csv")
    head = git(layout.root, "rev-parse", "HEAD")
    assert version(layout, "labels.csv") == first
    assert git(layout.root, "rev-parse", "HEAD") == head
    assert batches(layout) == [first]


def test_more_data_never_touches_what_is_there(layout: Layout, listener: Listener) -> None:
    inbox = layout.root / "data" / "inbox" / "toy"
    first = version(layout, "labels.csv")
    before = (layout.raw / f"{first}.dvc").read_bytes()
    (inbox / "labels.csv").write_text("c")
    second = version(layout, "labels.csv")
    assert batches(layout) == [first, second]
    assert second.startswith("0002-")
    assert (layout.raw / f"{first}.dvc").read_bytes() == before
    assert (layout.raw / first / "labels.csv").read_text() == "a"


def test_batches_that_are_missing_are_named_and_dvc_restores_them_all(layout: Layout, listener: Listener) -> None:
    # under this repository's own rules, by which DVC decides where it looks for batches
    shutil.copy(Path(__file__).parents[2] / ".gitignore", layout.root)
    name = version(layout, "labels.csv")
    require_files(layout)
    shutil.rmtree(layout.raw / name)
    with pytest.raises(UserError, match=f"not in the checkout; `dvc pull data/raw/toy/{name}.dvc` fetches them"):
        require_files(layout)
    # the stages have not run, so there is nothing of them to restore
    run(layout.root, sys.executable, "-m", "dvc", "checkout", "--allow-missing")
    assert (layout.raw / name / "labels.csv").read_text() == "a"
    require_files(layout)
