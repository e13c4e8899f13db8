"""A consumer's way to a package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.package.runtime import Package
from heelstrike.registry.cache import cached
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.pull import default_reference, open_folder, resolve
from heelstrike.stores import StoreUnreachableError
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from tests.packages import make_package, sign


@pytest.fixture
def served(world):
    """A registry with version 1 as champion and version 2 as challenger."""
    promote(world.root, world.decision(world.candidate(1), None))
    world.candidate(2)
    return world


def test_the_package_comes_back_byte_for_byte(served):
    package = served.layout.out("package")
    folder = resolve("rearfoot@challenger", served.root).folder
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "manifest.json", "model.onnx"]
    assert all(file_digest(folder / path.name) == file_digest(path) for path in package.iterdir())


def test_a_reference_names_a_version(served):
    named = {"rearfoot": 1, "rearfoot@champion": 1, "rearfoot@challenger": 2, "rearfoot/2": 2}
    for reference, number in named.items():
        assert resolve(reference, served.root).reference == f"rearfoot/{number}"


def test_a_folder_is_opened_by_its_path_and_never_signs_as_a_version(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest = make_package(tmp_path / "rearfoot" / "1")
    opened = open_folder(Path("rearfoot/1"))
    assert (opened.folder, opened.package, opened.version) == (tmp_path / "rearfoot" / "1", manifest.digest, None)
    (tmp_path / "rearfoot" / "1" / "card.md").write_text("changed")
    with pytest.raises(UserError, match=r"card\.md: 7 bytes found, \d+ expected"):
        open_folder(Path("rearfoot/1"))
    with pytest.raises(UserError, match=r"rearfoot/2: no such folder; expected a package"):
        open_folder(Path("rearfoot/2"))


def test_a_local_folder_does_not_shadow_the_registry(served, monkeypatch):
    monkeypatch.chdir(served.root)
    make_package(served.root / "rearfoot" / "1", metrics={"seed": 7.0})
    pulled = resolve("rearfoot/1")
    assert (pulled.reference, pulled.version) == ("rearfoot/1", 1)
    assert pulled.folder.parent.parent == served.root.parent / "cache"


def test_pulled_once_it_is_not_downloaded_again_and_a_damaged_copy_is(served):
    folder = resolve("rearfoot", served.root).folder
    stored = list((served.root / "mlartifacts").rglob("model.onnx"))
    moved = [path.rename(path.with_suffix(".away")) for path in stored]
    assert resolve("rearfoot", served.root).folder == folder
    for path in moved:
        path.rename(path.with_suffix(".onnx"))
    (folder / "model.onnx").write_bytes(b"rot")
    assert resolve("rearfoot", served.root).folder == folder
    assert (folder / "model.onnx").stat().st_size > 3


def test_a_copy_that_another_process_has_pulled_meanwhile_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))
    manifest = make_package(tmp_path / "package")

    def fill(folder):
        shutil.copytree(tmp_path / "package", folder, dirs_exist_ok=True)

    def overtaken(folder):
        other.append(cached(manifest.digest, fill).stat().st_ino)
        fill(folder)

    other = []
    folder = cached(manifest.digest, overtaken)
    assert [folder.stat().st_ino] == other
    assert [path.name for path in folder.parent.iterdir()] == [manifest.digest]


def test_a_model_without_an_alias_names_its_versions(world):
    version = world.candidate(1)
    open_mlflow(world.root).delete_registered_model_alias("rearfoot", "challenger")
    with pytest.raises(UserError, match=rf"it has no alias; name one of rearfoot/{version.number}"):
        resolve("rearfoot", world.root)


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
    folder = resolve("rearfoot", served.root).folder
    script = (
        "import sys; from pathlib import Path; from heelstrike.registry.pull import resolve; "
        "print(resolve('rearfoot', Path(sys.argv[1]), offline=True).folder); "
        "print([m for m in ('mlflow', 'torch', 'sqlalchemy') if m in sys.modules]); "
        "resolve('rearfoot', Path(sys.argv[1])); print([m for m in ('mlflow', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(served.root)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(folder), "[]", "['mlflow']"]


def test_a_package_changed_in_the_registry_is_refused(served):
    for path in (served.root / "mlartifacts").rglob("model.onnx"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=r"model\.onnx: SHA-256 .* expected\nthe package is damaged"):
        resolve("rearfoot", served.root)
    assert not list((served.root.parent / "cache" / "packages").iterdir())


def test_a_package_swapped_in_the_registry_is_refused(served):
    for path in (served.root / "mlartifacts").rglob("manifest.json"):
        shutil.rmtree(path.parent / "training")
        make_package(path.parent, metrics={"seed": 99.0})
    with pytest.raises(UserError, match=r"was registered; it was changed\. Do not use it"):
        resolve("rearfoot", served.root)


def test_a_reference_to_nothing_says_what_there_is(served):
    wrong = {
        "footprint": r"footprint@champion: no such model in .*; nothing is registered\. .*`heelstrike retrain footp",
        "rearfoot@best": r"rearfoot@best: no such model in .*; it has challenger \(2\), champion \(1\)",
        "rearfoot/9": r"rearfoot has no version 9 in .*; it has \[1, 2\]",
        "a b@c": r"'a b@c': not a reference to a model; expected NAME@champion, NAME or NAME/3",
    }
    for reference, message in wrong.items():
        with pytest.raises(UserError, match=message):
            resolve(reference, served.root)


def test_no_registry_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UserError, match=r"mlflow\.db: no registry there; set MLFLOW_TRACKING_URI to the address"):
        resolve("rearfoot", tmp_path)
    assert not os.path.exists(tmp_path / "mlflow.db")  # noqa: PTH110
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://u:secret@127.0.0.1:9")
    with pytest.raises(UserError, match=r"http://u:\*\*\*@127\.0\.0\.1:9: nothing answers there .* start it, or set"):
        resolve("rearfoot", tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///mlruns")
    with pytest.raises(UserError, match="expected http://HOST:PORT, https://HOST, sqlite:///FILE, postgresql://"):
        resolve("rearfoot", tmp_path)


class TestDefaultModel:
    def test_the_only_champion_is_the_default(self, served):
        assert default_reference(served.root) == "rearfoot@champion"

    def test_it_is_remembered_for_when_the_registry_does_not_answer(self, served):
        default_reference(served.root)
        (served.root / "mlflow.db").rename(served.root / "away.db")
        assert default_reference(served.root) == "rearfoot@champion"
        assert default_reference(served.root, offline=True) == "rearfoot@champion"

    def test_several_are_listed_with_what_to_type(self, served):
        served.problem = "hand"
        promote(served.root, served.decision(served.candidate(3), None))
        with pytest.raises(UserError, match=r"several models have a champion") as raised:
            default_reference(served.root)
        assert str(raised.value).splitlines()[1:] == ["  --model hand@champion", "  --model rearfoot@champion"]

    def test_no_champion_and_no_model_are_said(self, world):
        with pytest.raises(UserError, match="no model is registered there"):
            default_reference(world.root)
        world.candidate(1)
        with pytest.raises(UserError, match=r"no model has a champion yet \(rearfoot\).*--model rearfoot/1"):
            default_reference(world.root)

    def test_offline_and_never_asked_says_so(self, world):
        with pytest.raises(StoreUnreachableError, match="name one with --model"):
            default_reference(world.root, offline=True)


def test_a_version_that_heelstrike_did_not_register_is_refused(world):
    version = world.candidate(1)
    with open_registry(world.root, "rearfoot") as registry:
        registry.tag(version.number, {"heelstrike.package": "../../outside"})
    with pytest.raises(UserError, match=r"rearfoot/1: its tag heelstrike.package is '../../outside', expected a SHA"):
        resolve("rearfoot/1", world.root)


def test_a_model_that_was_tampered_with_runs_nothing_and_only_listed_files_are_copied(world, tmp_path):
    """What `mlflow.pyfunc.load_model` would run: a loader in MLmodel, a pickle, a folder of code."""
    world.candidate(1)
    (stored,) = {path.parent for path in (world.root / "mlartifacts").rglob("MLmodel")}
    marker = tmp_path / "was-run"
    code = f"open({str(marker)!r}, 'w')\n"
    (stored / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: evil\n    code: code\n    python_model: python_model.pkl\n"
    )
    (stored / "python_model.pkl").write_bytes(b"cbuiltins\nexec\n(S" + repr(code).encode() + b"\ntR.")
    (stored / "code").mkdir()
    for file in (stored / "code" / "evil.py", stored / "evil.py", stored / "sitecustomize.py"):
        file.write_text(code)
    folder = resolve("rearfoot/1", world.root).folder
    Package.load(folder, threads=1).predict(np.full((64, 64, 3), 150, np.uint8))
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "manifest.json", "model.onnx"]
    assert not marker.exists() and "evil" not in sys.modules


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "code/evil.py", "..", "a\\b", ""])
def test_a_manifest_that_names_files_elsewhere_fetches_none_of_them(world, tmp_path, name):
    world.candidate(1)
    (stored,) = {path.parent for path in (world.root / "mlartifacts").rglob("manifest.json")}
    files = json.loads((stored / "manifest.json").read_text())["files"]
    sign(stored, files=files | {name: {"sha256": "0" * 64, "bytes": 1}})
    with pytest.raises(UserError, match="files"):
        resolve("rearfoot/1", world.root)
    assert not (tmp_path / "cache" / "packages").exists() or not list((tmp_path / "cache" / "packages").iterdir())


def test_a_link_in_the_place_of_a_file_brings_no_other_files_content(world, tmp_path):
    world.candidate(1)
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    (card,) = (world.root / "mlartifacts").rglob("card.md")
    card.unlink()
    card.symlink_to(secret)
    with pytest.raises(UserError, match=r"card\.md"):
        resolve("rearfoot/1", world.root)
    assert not list((tmp_path / "cache" / "packages").iterdir())
