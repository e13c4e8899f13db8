"""The same calls against stores that several machines share: an MLflow server, and a PostgreSQL database."""

import hashlib

import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.client import connect
from heelstrike.registry.comparison import ComparisonPage, fetch_page, path_of
from heelstrike.registry.pull import resolve
from heelstrike.stores import StoreUnreachableError
from pipeline.registry import promotion_lock
from pipeline.registry.history import history
from pipeline.registry.promote import promote
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry
from tests.stores import postgresql


def walk_through(world):
    """Register, promote, roll back and pull; two promotions at once."""
    promote(world.root, world.decision(world.candidate(1), None))
    decisions = [world.decision(world.candidate(seed), 1) for seed in (2, 3)]
    results = world.promote_at_once(decisions)
    assert results.count("promoted") == 1
    assert any("the champion is now version" in result for result in results)
    pulled = resolve(world.problem, world.root)
    assert pulled.reference == f"{world.problem}/{world.champion}"
    with open_registry(world.root, world.problem) as registry:
        version = registry.version(1)
        registry.client.log_text(version.run_id, "evidence", path_of(1, 0))
    page = ComparisonPage(version, 0, path_of(1, 0), hashlib.sha256(b"evidence").hexdigest())
    assert fetch_page(connect(world.root), page) == b"evidence"
    rollback(world.problem, world.root)
    assert world.champion == 1
    assert [event.kind for event in history(world.root, world.problem)] == ["promoted", "promoted", "rolled_back"]
    newest = world.layout.out("package")
    folder = resolve(f"{world.problem}/3", world.root).folder
    assert all(file_digest(folder / path.name) == file_digest(path) for path in newest.iterdir())
    with open_registry(world.root, world.problem) as registry:
        assert [model.name for model in registry.client.search_registered_models()] == [world.problem]


def test_on_an_mlflow_server(world, mlflow_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    walk_through(world)
    assert not (world.root / "mlartifacts").exists()


def test_the_lock_of_a_killed_promotion_is_broken(world, mlflow_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    monkeypatch.setattr(promotion_lock, "STALE_S", 1.0)
    world.problem = "killed"
    version = world.candidate(1)
    with open_registry(world.root, world.problem) as registry:
        registry.client.create_registered_model(
            "killed.promotion-lock", description='{"token": "gone", "by": "other:1"} — a promotion in progress'
        )
        with pytest.raises(UserError, match=r"killed: other:1 is promoting and has not ended for 0 s"):
            promotion_lock._acquire(registry, 0.3)
    assert promote(world.root, world.decision(version, None)).kind == "promoted"


def test_a_server_that_goes_away_leaves_the_cached_champion(world, mlflow_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    world.problem = "cached"
    promote(world.root, world.decision(world.candidate(1), None))
    resolve("cached", world.root)
    from heelstrike.registry import cache

    # the address stays, what answers there is gone: the same store under a port where nothing listens
    gone = "http://127.0.0.1:9"
    kept = cache._reference_file(mlflow_server, "cached")
    kept.rename(cache._reference_file(gone, "cached"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", gone)
    said = []
    assert resolve("cached", world.root, warn=said.append).reference == "cached/1"
    assert said[0].startswith("http://127.0.0.1:9 does not answer: using the cached cached/1")
    with pytest.raises(StoreUnreachableError, match="nothing answers there"):
        promote(world.root, world.decision(world.candidate(2), 1))


def test_on_a_postgresql_database(world, monkeypatch):
    with postgresql() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.get_uri())
        walk_through(world)
