"""Faults while `heelstrike ingest` takes a batch: no byte is lost, and the next ingest completes or repeats it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL

from flows.batches import content_hash, versioned_batches
from flows.quiet_files import QUIET
from flows.versioning import git
from pipeline.layout import Layout
from tests.flows.conftest import prefect, repository_to_copy, write_params
from tests.flows.inboxes import LABELS, TOY, fill, three_frames
from tests.hostile.commands import Fault, World, check_fault, faults

__all__ = ["prefect", "repository_to_copy"]

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("prefect")]

_FLOW, _NO_SPACE = "flows.ingest", "No space left"
FAULTS = [
    Fault(f"{_FLOW}|check_inbox|after|1", "kill"),
    Fault(f"{_FLOW}|shutil.copy2|before|1", "kill"),
    Fault(f"{_FLOW}|shutil.copy2|after|1", "kill"),
    Fault(f"{_FLOW}|shutil.copy2|before|2", "ENOSPC", _NO_SPACE),
    Fault(f"{_FLOW}|shutil.copy2|after|2", "EIO", "Input/output error"),
    Fault(f"{_FLOW}|shutil.copy2|after|2", "term"),
    Fault(f"{_FLOW}|shutil.copy2|after|2", "int"),
    Fault(f"{_FLOW}|shutil.copy2|after|2", "pause"),
    Fault(f"{_FLOW}|dvc|before|1", "kill"),
    Fault(f"{_FLOW}|dvc|after|1", "kill"),
    Fault(f"{_FLOW}|commit_paths|after|1", "kill"),
    Fault(f"{_FLOW}|share_media|before|1", "kill"),
    Fault(f"{_FLOW}|dvc|before|2", "kill"),
    Fault(f"{_FLOW}|dvc|before|2", "term"),
    Fault(f"{_FLOW}|dvc|after|2", "kill"),
    Fault(f"{_FLOW}|tag|after|1", "kill"),
    Fault("flows.inbox|open_for_writing|before|1", "kill"),
    Fault("flows.inbox|_same_size|before|1", "kill"),
    Fault("flows.inbox|_same_size|before|2", "kill"),
    Fault("flows.inbox|_remove_emptied|before|1", "kill"),
    Fault(f"{_FLOW}|dvc|before|1", "sleep 2"),
    # what others do meanwhile
    Fault(f"{_FLOW}|dvc|before|1", "sh git branch other; touch untracked; git add untracked"),
    Fault(f"{_FLOW}|dvc|before|2", "sh chmod a-x .git/hooks || true"),
]


@pytest.fixture(scope="module")
def ready(repository_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a remote and an inbox of two folders."""
    root = tmp_path_factory.mktemp("ingest-faults") / "repository"
    shutil.copytree(repository_to_copy, root)
    config = "[core]\n    remote = local\n['remote \"local\"']\n    url = ../.store\n"
    (root / ".dvc" / "config").write_text(config)
    git(root, "commit", "--quiet", "-am", "Add a remote")
    write_params(root, toy=TOY)
    video = three_frames(tmp_path_factory.mktemp("video") / "walk.mp4")
    fill(root / "data" / "inbox" / "toy" / "monday", video)
    fill(root / "data" / "inbox" / "toy" / "friday", video + b"\0", LABELS.replace("anna", "bo"))
    return root


def world_in(root: Path) -> World:
    """An ingest in a repository like `ready`."""
    inbox, layout = root / "data" / "inbox" / "toy", Layout(root, "toy")
    brought = {content_hash(path): path.name for path in inbox.rglob("*") if path.is_file()}

    def state(root: Path) -> dict[str, Any]:
        batches = versioned_batches(layout)
        left = [str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file()]
        folders = sorted(path.name for path in layout.raw.iterdir() if path.is_dir())
        held = [(sorted(batch.files.items()), batch.pushed, batch.name) for batch in batches]
        clean = not git(root, "status", "--porcelain", "--", "data/raw")
        return {"left": left, "batches": held, "folders": folders, "clean": clean}

    def lost(root: Path) -> dict[str, str]:
        """Files whose bytes are neither in the inbox, by any name, nor in a committed batch of DVC's cache."""
        safe = {content_hash(path) for path in inbox.rglob("*") if path.is_file()}
        for batch in versioned_batches(layout):
            for digest in batch.files.values():
                cached = root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
                assert content_hash(cached) == digest
                safe.add(digest)
        return {digest: name for digest, name in brought.items() if digest not in safe}

    environment = {"PREFECT_API_URL": str(PREFECT_API_URL.value()), QUIET: "0", "COLUMNS": "200"}
    return World(root, ("heelstrike", "ingest"), environment, state, lost, _half_made, limit_s=120)


def _half_made(root: Path) -> list[str]:
    """Batches that `collect` would read and that are not whole."""
    layout = Layout(root, "toy")
    damaged = []
    for batch in versioned_batches(layout):
        folder = layout.raw / batch.name
        damaged += [name for name, digest in batch.files.items() if content_hash(folder / name) != digest]
    return damaged


@pytest.fixture(scope="module")
def right(ready: Path, prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The state after an undisturbed ingest."""
    root = tmp_path_factory.mktemp("undisturbed") / "repository"
    shutil.copytree(ready, root, symlinks=True)
    world = world_in(root)
    done = world.run()
    assert done.status == 0, done.output
    return world.state(root)


@faults(FAULTS)
def test_ingest(fault: Fault, ready: Path, right: Any, tmp_path: Path) -> None:
    shutil.copytree(ready, tmp_path / "repository", symlinks=True)
    check_fault(world_in(tmp_path / "repository"), fault, right)
