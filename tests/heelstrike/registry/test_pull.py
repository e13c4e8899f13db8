"""A consumer's way to a package."""

import os
import shutil
import subprocess
import sys

import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.pull import pull, resolve
from heelstrike.stores import StoreUnreachableError
from pipeline.registry.promote import promote
from tests.packages import make_package


@pytest.fixture
def served(world):
    """A registry with version 1 as champion and version 2 as challenger."""
    promote(world.root, world.decision(world.candidate(1), None))
    world.candidate(2)
    return world


def test_the_package_comes_back_byte_for_byte(served):
    package = served.layout.out("package")
    folder = pull("rearfoot@challenger", served.root)
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "manifest.json", "model.onnx"]
    assert all(file_digest(folder / path.name) == file_digest(path) for path in package.iterdir())


def test_a_reference_names_a_version(served):
    named = {"rearfoot": 1, "rearfoot@champion": 1, "rearfoot@challenger": 2, "rearfoot/2": 2}
    for reference, number in named.items():
        assert resolve(reference, served.root).reference == f"rearfoot/{number}"


def test_a_folder_is_a_reference_too(tmp_path):
    manifest = make_package(tmp_path / "mine")
    found = resolve(str(tmp_path / "mine"))
    assert (found.folder, found.package) == (tmp_path / "mine", manifest.digest)
    (tmp_path / "mine" / "card.md").write_text("changed")
    with pytest.raises(UserError, match=r"card\.md: 7 bytes found, \d+ expected"):
        resolve(str(tmp_path / "mine"))


def test_pulled_once_it_is_not_downloaded_again_and_a_damaged_copy_is(served):
    folder = pull("rearfoot", served.root)
    stored = list((served.root / "mlartifacts").rglob("model.onnx"))
    moved = [path.rename(path.with_suffix(".away")) for path in stored]
    assert pull("rearfoot", served.root) == folder
    for path in moved:
        path.rename(path.with_suffix(".onnx"))
    (folder / "model.onnx").write_bytes(b"rot")
    assert pull("rearfoot", served.root) == folder
    assert (folder / "model.onnx").stat().st_size > 3


def test_a_registry_that_is_down_leaves_the_cached_champion_and_says_so(served):
    pulled = resolve("rearfoot@champion", served.root)
    (served.root / "mlflow.db").rename(served.root / "away.db")
    said = []
    again = resolve("rearfoot@champion", served.root, warn=said.append)
    assert (again.folder, again.reference) == (pulled.folder, "rearfoot/1")
    assert again.cached_since is not None
    assert len(said) == 1
    assert f"using the cached rearfoot/1, which rearfoot@champion stood for on {again.cached_since[:10]}" in said[0]
    with pytest.raises(StoreUnreachableError, match="rearfoot@challenger: no verified copy of it is cached"):
        resolve("rearfoot@challenger", served.root)


def test_offline_imports_no_mlflow_and_nothing_imports_torch(served):
    folder = pull("rearfoot", served.root)
    script = (
        "import sys; from pathlib import Path; from heelstrike.registry.pull import pull; "
        "print(pull('rearfoot', Path(sys.argv[1]), offline=True)); "
        "print([m for m in ('mlflow', 'torch', 'sqlalchemy') if m in sys.modules]); "
        "pull('rearfoot', Path(sys.argv[1])); print([m for m in ('mlflow', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(served.root)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(folder), "[]", "['mlflow']"]


def test_a_package_changed_in_the_registry_is_refused(served):
    for path in (served.root / "mlartifacts").rglob("model.onnx"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=r"model\.onnx: SHA-256 .* expected\nthe package is damaged"):
        pull("rearfoot", served.root)
    assert not list((served.root.parent / "cache" / "packages").iterdir())


def test_a_package_swapped_in_the_registry_is_refused(served):
    for path in (served.root / "mlartifacts").rglob("manifest.json"):
        shutil.rmtree(path.parent / "training")
        make_package(path.parent, metrics={"seed": 99.0})
    with pytest.raises(UserError, match=r"was registered; it was changed\. Do not use it"):
        pull("rearfoot", served.root)


def test_a_reference_to_nothing_says_what_there_is(served):
    wrong = {
        "footprint": r"footprint@champion: no such model in .*; nothing is registered. `heelstrike retrain footprint`",
        "rearfoot@best": r"rearfoot@best: no such model in .*; it has challenger \(2\), champion \(1\)",
        "rearfoot/9": r"rearfoot has no version 9; it has \[1, 2\]",
        "a b@c": r"'a b@c': neither a package folder nor a model reference; expected NAME@champion, NAME/3 or a folder",
    }
    for reference, message in wrong.items():
        with pytest.raises(UserError, match=message):
            pull(reference, served.root)


def test_no_registry_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UserError, match=r"mlflow\.db: no registry there; run this at the top of the repository"):
        pull("rearfoot", tmp_path)
    assert not os.path.exists(tmp_path / "mlflow.db")  # noqa: PTH110
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://u:secret@127.0.0.1:9")
    with pytest.raises(UserError, match=r"http://u:\*\*\*@127\.0\.0\.1:9: nothing answers there .* start it, or set"):
        pull("rearfoot", tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///mlruns")
    with pytest.raises(UserError, match="expected sqlite:///FILE, postgresql://"):
        pull("rearfoot", tmp_path)
