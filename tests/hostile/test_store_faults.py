"""Faults between the calls of registering and promoting, and while a consumer pulls: one version, one champion."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from heelstrike.package.manifest import read_manifest, verify
from tests.hostile.checks import snapshot
from tests.hostile.commands import Fault, World, check_fault, faults
from tests.hostile.test_names import _picture

pytestmark = pytest.mark.timeout(300)

RELEASE = """
from pathlib import Path
from pipeline.registry.promote import promote
from tests.worlds import World
world = World(Path().resolve())
version = world.candidate(1)
promote(world.root, world.decision(version, None))
"""
_STORE = "pipeline.registry.store|Registry"
RELEASES = [
    Fault("pipeline.tracking.model|_write_model|before|1", "kill"),
    Fault("pipeline.tracking.model|_write_model|after|1", "kill"),
    Fault("pipeline.tracking.model|log_package|after|1", "kill"),
    Fault("pipeline.registry.register|_ensure_model|after|1", "kill"),
    Fault("pipeline.registry.register|_create|before|1", "pause"),
    Fault("pipeline.registry.register|_create|after|1", "kill"),
    Fault(f"{_STORE}.set_alias|before|1", "kill"),
    Fault(f"{_STORE}.set_alias|after|1", "kill"),
    Fault(f"{_STORE}.tag|after|1", "kill"),
    Fault(f"{_STORE}.describe|after|1", "kill"),
    Fault(f"{_STORE}.set_alias|before|2", "kill"),
    Fault(f"{_STORE}.set_alias|after|2", "kill"),
]

PULL = ("heelstrike", "predict", "in/a.png", "--model", "rearfoot@champion", "--out", "out")
_DOWNLOAD, _CACHE = "heelstrike.registry.database|DatabaseClient.download", "heelstrike.registry.cache"
PULLS = [
    Fault(f"{_DOWNLOAD}|before|1", "kill"),
    Fault(f"{_DOWNLOAD}|after|1", "kill"),
    Fault(f"{_DOWNLOAD}|after|2", "kill"),
    Fault(f"{_DOWNLOAD}|after|3", "kill"),
    Fault(f"{_DOWNLOAD}|before|2", "ENOSPC", "No space left"),
    Fault(f"{_DOWNLOAD}|before|2", "term"),
    Fault(f"{_DOWNLOAD}|before|2", "pause"),
    Fault(f"{_CACHE}|_replace|before|1", "kill"),
    Fault(f"{_CACHE}|_replace|before|1", "ENOSPC", "No space left"),
    Fault(f"{_CACHE}|_replace|after|1", "kill"),
    Fault("heelstrike.registry.pull|remember|before|1", "kill"),
    Fault("heelstrike.registry.pull|remember|before|1", "ENOSPC", "No space left"),
    Fault("heelstrike.registry.pull|find_version|before|1", "sh mv mlflow.db x; (sleep 4; mv x mlflow.db) &", "mlflow"),
]


def _release(folder: Path) -> World:
    return World(folder, ("python", "-c", RELEASE), {}, _registered, lambda _: {}, _dangling, limit_s=90)


def _registered(folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:

        def rows(query: str) -> list[Any]:
            return sorted(store.execute(query))

        return {
            "aliases": rows("select name, alias, version from registered_model_aliases"),
            "versions": rows("select name, version from model_versions"),
            # the name of an event has its time in it
            "tags": [key.split(".20")[0] for (key,) in rows("select key from model_version_tags")],
            "runs": rows("select status from runs"),
        }


def _dangling(folder: Path) -> list[Any]:
    state = _registered(folder)
    return [row for row in state["aliases"] if (row[0], row[2]) not in state["versions"]]


@pytest.fixture(scope="module")
def released(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout after an undisturbed release."""
    folder = tmp_path_factory.mktemp("released") / "checkout"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    done = _release(folder).run()
    assert done.status == 0, done.output
    _picture(folder / "in" / "a.png")
    return folder


@faults(RELEASES)
def test_release(fault: Fault, released: Path, empty_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    check_fault(_release(folder), fault, _registered(released))


def _consumer(folder: Path, store: Path) -> World:
    picture = snapshot(folder / "in")

    def pulled(folder: Path) -> dict[str, Any]:
        """The results, and every file of the cache."""
        packages = folder / "cache" / "packages"
        names = sorted(str(path.relative_to(packages)) for path in packages.rglob("*"))
        references = len(list((folder / "cache" / "references").iterdir()))
        return {
            "out": sorted(path.name for path in (folder / "out").iterdir()),
            "cache": names,
            "references": references,
        }

    def damaged(folder: Path) -> list[str]:
        """Packages in the cache under their digest that are not whole."""
        packages = [path for path in (folder / "cache" / "packages").glob("*") if not path.name.startswith(".")]
        for path in packages:
            verify(path, read_manifest(path))
        return []

    environment = {"HEELSTRIKE_CACHE": str(folder / "cache"), "COLUMNS": "200"}
    lost = lambda folder: set(picture.values()) - set(snapshot(folder / "in").values())  # noqa: E731
    return World(folder, PULL, environment, pulled, lost, damaged, limit_s=90)


@pytest.fixture(scope="module")
def pulled(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What an undisturbed pull leaves."""
    folder = _copy(released, tmp_path_factory.mktemp("pulled"))
    world = _consumer(folder, released)
    done = world.run()
    assert done.status == 0, done.output
    return world.state(folder)


def _copy(released: Path, into: Path) -> Path:
    """Copy a checkout, with MLflow's absolute paths put right."""
    folder = into / "checkout"
    shutil.copytree(released, folder, ignore=shutil.ignore_patterns("mlflow.db*"))
    with closing(sqlite3.connect(released / "mlflow.db")) as old, closing(sqlite3.connect(folder / "mlflow.db")) as new:
        new.executescript("\n".join(old.iterdump()).replace(str(released), str(folder)))
    return folder


@faults(PULLS)
def test_pull(fault: Fault, released: Path, pulled: Any, tmp_path: Path) -> None:
    folder = _copy(released, tmp_path)
    check_fault(_consumer(folder, released), fault, pulled)
