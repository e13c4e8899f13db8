"""What `heelstrike` alone says outside a checkout."""

from pathlib import Path

import pytest

from heelstrike.home import place_outside_checkout
from heelstrike.registry.cache import remember
from heelstrike.registry.versions import Version
from heelstrike.stores import cache_folder
from tests.packages import make_package


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))


def test_without_a_registry_it_says_how_to_name_one(tmp_path: Path) -> None:
    place = place_outside_checkout(tmp_path)
    assert place.rows == (("registry", "none here: MLFLOW_TRACKING_URI is not set"), ("cached", "no model yet"))
    assert place.next == "export MLFLOW_TRACKING_URI=https://HOST:PORT"


def test_a_registry_is_named_without_its_password_and_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:secret@127.0.0.1:9")  # nothing answers there
    place = place_outside_checkout(tmp_path)
    assert "127.0.0.1:9" in dict(place.rows)["registry"]
    assert "secret" not in "".join(place.lines())
    assert place.next == "heelstrike predict VIDEO --overlay"


def test_cached_models_are_listed_and_damaged_entries_are_not(tmp_path: Path) -> None:
    digest = "a" * 64
    remember("http://mlflow.example", "rearfoot@champion", Version("rearfoot", 3, digest))
    (cache_folder() / "references" / "damaged.json").write_text("{")
    (cached,) = [text for name, text in place_outside_checkout(tmp_path).rows if name == "cached"]
    assert cached.startswith("rearfoot/3 of 20")


def test_a_cached_package_is_named_with_its_test_error(tmp_path: Path) -> None:
    make_package(tmp_path / "package", metrics={"keypoints/median_distance_px": 0.5})
    from heelstrike.package.manifest import read_manifest

    digest = read_manifest(tmp_path / "package").digest
    (cache_folder() / "packages").mkdir(parents=True)
    (tmp_path / "package").rename(cache_folder() / "packages" / digest)
    remember("http://mlflow.example", "rearfoot@champion", Version("rearfoot", 3, digest))
    assert ("cached", "median error 0.5 px") in [
        (name, text.partition(": ")[2]) for name, text in place_outside_checkout(tmp_path).rows
    ]


def test_in_another_folder_the_checkout_is_named(tmp_path: Path) -> None:
    place = place_outside_checkout(tmp_path, Path("checkout"))
    assert place.next == "cd checkout && heelstrike"
