import sqlite3
from pathlib import Path

import pytest

from heelstrike.registry.glance import Glance, glance
from heelstrike.registry.versions import CHAMPION
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from tests.worlds import World, world

__all__ = ["world"]


def test_a_glance_has_what_mlflow_has(world: World) -> None:
    """So a change of MLflow's tables is noticed."""
    promote(world.root, world.decision(world.candidate(1), None))
    world.candidate(2)
    quick = glance(world.root, "rearfoot")
    assert quick is not None
    with open_registry(world.root, "rearfoot") as registry:
        assert quick.aliases == registry.aliases()
        assert quick.versions == registry.versions()
    champion = quick.aliased(CHAMPION)
    assert champion is not None
    assert champion.reference == "rearfoot/1"
    assert glance(world.root, "hand") == Glance({}, [])


def test_without_a_registry_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert glance(tmp_path, "rearfoot") == Glance({}, [])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_at_once_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"SQLite format 3\0 and then garbage")
    assert glance(tmp_path, "rearfoot") is None
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE other (a)")
    assert glance(tmp_path, "rearfoot") is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    assert glance(tmp_path, "rearfoot") is None
