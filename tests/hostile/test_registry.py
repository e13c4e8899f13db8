"""Hostile contents of a registry and of the cache: the right package or a message, and nothing wrong in the cache."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heelstrike.errors import UserError
from heelstrike.registry.cache import is_intact
from heelstrike.registry.pull import resolve
from pipeline.registry.promote import promote
from tests.hostile.checks import Input, judge, parametrised
from tests.hostile.registry_inputs import CACHE, INPUTS
from tests.worlds import World

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def sound(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with version 1 as champion."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        root = tmp_path_factory.mktemp("sound-registry")
        shutil.copy(empty_store, root / "mlflow.db")
        world = World(root)
        promote(root, world.decision(world.candidate(1), None))
    return root


@pytest.fixture
def root(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository, with an empty cache. MLflow's database holds absolute paths, which are put right."""
    root = tmp_path / "repository"
    shutil.copytree(sound, root, ignore=shutil.ignore_patterns("mlflow.db*"))
    with closing(sqlite3.connect(sound / "mlflow.db")) as old, closing(sqlite3.connect(root / "mlflow.db")) as new:
        new.executescript("\n".join(old.iterdump()).replace(str(sound), str(root)))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))
    return root


def pull(root: Path) -> dict[str, Any]:
    """Pull the champion; the package that comes is whole."""
    pulled = resolve("rearfoot@champion", root)
    assert is_intact(pulled.folder, pulled.package)
    return {"reference": pulled.reference, "files": sorted(path.name for path in pulled.folder.iterdir())}


@parametrised(INPUTS)
def test_registry(entry: Input, root: Path, tmp_path: Path) -> None:
    entry.make(root)
    judge(replace(entry, make=lambda _: root), root / "mlartifacts", pull)
    packages = tmp_path / "cache" / "packages"
    left = [path.name for path in packages.iterdir()] if packages.is_dir() else []
    assert len(left) == (1 if entry.accepts and not entry.refuses else 0), f"left in the cache: {left}"


@parametrised(CACHE)
def test_cache(entry: Input, root: Path, tmp_path: Path) -> None:
    pull(root)
    entry.make(tmp_path / "cache")
    judge(replace(entry, make=lambda _: root), root / "mlartifacts", _offline_then_pull)


def _offline_then_pull(root: Path) -> dict[str, Any]:
    """A damaged cache is a message offline and is mended when the registry answers."""
    try:
        resolve("rearfoot@champion", root, offline=True)
    except UserError as error:
        assert "no verified copy" in str(error)
    return pull(root)
