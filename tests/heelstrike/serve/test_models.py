"""The models follow the registry."""

import shutil
from pathlib import Path

import pytest

from heelstrike.registry.versions import Version
from heelstrike.serve.models import ModelStore
from heelstrike.serve.problems import RequestError
from heelstrike.serve.settings import ServeSettings
from pipeline.registry.promote import promote
from pipeline.registry.rollback import rollback
from tests.worlds import World, world

__all__ = ["world"]


@pytest.fixture
def store(world: World, tmp_path: Path) -> ModelStore:
    promote(world.root, world.decision(world.candidate(1), None))
    store = ModelStore(ServeSettings(data=tmp_path / "data", root=world.root))
    (tmp_path / "data").mkdir()
    store.refresh()
    return store


def test_a_promotion_and_a_rollback_arrive(store: ModelStore, world: World) -> None:
    first = store.find(None)
    assert (first.reference, first.aliases, store.ready) == ("rearfoot/1", ("challenger", "champion"), True)
    assert first.created is not None
    promote(world.root, world.decision(world.candidate(2), 1))
    assert store.find("rearfoot@champion").number == 1
    store.refresh()
    assert store.find("rearfoot").number == 2
    assert store.package(store.find("rearfoot")).manifest.metrics == {"seed": 2.0}
    assert store.find("rearfoot/1").number == 1
    rollback("rearfoot", world.root)
    store.refresh()
    assert store.find(None).number == 1


def test_it_goes_on_without_the_registry_and_says_so(store: ModelStore, world: World, tmp_path: Path) -> None:
    (world.root / "mlflow.db").rename(world.root / "away.db")
    store.refresh()
    assert (store.find(None).number, store.state.reachable, store.ready) == (1, False, True)
    assert store.state.message
    again = ModelStore(ServeSettings(data=tmp_path / "data", root=world.root))
    assert (again.find(None).number, again.ready, again.state.reachable) == (1, True, False)
    assert again.state.message == ""  # nothing is wrong before the first answer, so pages show no notice
    assert again.pull(again.find(None)).reference == "rearfoot/1"


def damaged_candidate(world: World, seed: int) -> Version:
    models = set((world.root / "mlartifacts").rglob("model.onnx"))
    version = world.candidate(seed)
    (model,) = set((world.root / "mlartifacts").rglob("model.onnx")) - models
    model.write_bytes(model.read_bytes() + b"!")
    return version


def test_a_damaged_champion_is_not_taken(store: ModelStore, world: World) -> None:
    promote(world.root, world.decision(damaged_candidate(world, 2), 1))
    store.refresh()
    assert store.find(None).number == 1
    assert "rearfoot stays as it was" in store.state.message


def test_a_damaged_challenger_keeps_no_champion_back(store: ModelStore, world: World) -> None:
    second = world.candidate(2)
    damaged_candidate(world, 3)
    promote(world.root, world.decision(second, 1))
    store.refresh()
    assert (store.find(None).number, store.find("rearfoot@challenger").number) == (2, 3)
    assert store.state.message.startswith("rearfoot/3 cannot be used: ")


def test_a_package_that_was_cleared_from_the_cache_is_fetched_again(store: ModelStore, tmp_path: Path) -> None:
    version = store.find(None)
    shutil.rmtree(tmp_path / "cache" / "packages")
    assert store.manifest(version) is None
    assert (store.pull(version).folder / "model.onnx").is_file()


def test_what_is_not_there_is_said(store: ModelStore) -> None:
    for reference, message in (
        ("hand", "hand: no such model"),
        ("rearfoot/7", "there are rearfoot/1"),
        ("rear foot", "not a reference"),
    ):
        with pytest.raises(RequestError, match=message):
            store.find(reference)
