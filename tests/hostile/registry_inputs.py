"""Hostile contents of a registry: what somebody with access to the store, or a damaged disk, may have put there."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.checks import Input
from tests.packages import make_package, sign

RIGHT = {"reference": "rearfoot/1", "files": ["card.md", "manifest.json", "model.onnx"]}

Change = Callable[[Path], Any]


def sql(statement: str, *values: Any) -> Change:
    """Change the database of the registry."""

    def change(root: Path) -> None:
        with sqlite3.connect(root / "mlflow.db") as store:
            rows = store.execute(statement, values).rowcount
        store.close()
        assert rows, f"{statement} changed nothing"

    return change


def stored(name: str, change: Callable[[Path], Any]) -> Change:
    """Change the stored file of that name of every version."""

    def each(root: Path) -> None:
        paths = list((root / "mlartifacts").rglob(name))
        assert paths, f"no {name} is stored"
        for path in paths:
            change(path)

    return each


def tagged(value: str) -> Change:
    """Another digest in the version's tag."""
    return sql("update model_version_tags set value = ? where key = 'heelstrike.package'", value)


def _swapped(manifest: Path) -> None:
    """A sound package, but another one."""
    make_package(manifest.parent / "new", metrics={"seed": 99.0})
    for path in (manifest.parent / "new").iterdir():
        path.replace(manifest.parent / path.name)
    (manifest.parent / "new").rmdir()


_FIRST = "set {} where name = 'rearfoot'"
INPUTS = [
    Input("as it should be", lambda root: None, RIGHT),
    Input("a graph that was changed", stored("model.onnx", lambda p: p.write_bytes(p.read_bytes()[:-1] + b"x")), None, r"model\.onnx"),
    Input("a graph that is missing", stored("model.onnx", Path.unlink), None, r"model\.onnx|rearfoot/1"),
    Input("a graph of zero bytes", stored("model.onnx", lambda p: p.write_bytes(b"")), None, r"model\.onnx"),
    Input("a manifest that is missing", stored("manifest.json", Path.unlink), None, "manifest|rearfoot/1"),
    Input("a manifest of 200 000 brackets", stored("manifest.json", lambda p: p.write_text("[" * 200_000)), None, "manifest"),
    Input("a manifest of the future", stored("manifest.json", lambda p: sign(p.parent, format_version=99, min_reader=99)), None, "upgrade"),
    Input("a manifest that names a file above", stored("manifest.json", lambda p: sign(p.parent, files={"../x": {"sha256": "0" * 64, "bytes": 1}})), None, "files"),
    Input("another sound package", stored("manifest.json", _swapped), None, "changed|registered"),
    Input("all its files are gone", lambda root: shutil.rmtree(root / "mlartifacts"), None, "rearfoot/1|manifest"),
    Input("more files than the manifest lists", stored("manifest.json", lambda p: (p.parent / "evil.pkl").write_bytes(b"x")), RIGHT),
    Input("a digest that is a path", tagged("../../outside"), None, "expected a SHA-256"),
    Input("a digest in capitals", tagged("A" * 64), None, "expected a SHA-256"),
    Input("a digest of another package", tagged("0" * 64), None, "changed|registered"),
    Input("a digest that is missing", sql("delete from model_version_tags where key = 'heelstrike.package'"), None, "heelstrike.package|registered"),
    Input("a champion that there is not", sql("update registered_model_aliases set version = 77"), None, "rearfoot|77"),
    Input("no aliases", sql("delete from registered_model_aliases"), None, "alias"),
    Input("a source that is any folder", sql("update model_versions set source = ?, storage_location = ?", "/etc", "/etc"), None, "rearfoot/1|manifest"),
    Input("a source that is an address", sql("update model_versions set source = ?, storage_location = ?", "http://127.0.0.1:9/x", "http://127.0.0.1:9/x"), None, "rearfoot/1|manifest|answer"),
    Input("a database that is cut", lambda root: (root / "mlflow.db").write_bytes((root / "mlflow.db").read_bytes()[:5000]), None, r"mlflow\.db"),
    Input("a database that is text", lambda root: (root / "mlflow.db").write_text("no database\n" * 100), None, r"mlflow\.db"),
    Input("a database of zero bytes", lambda root: (root / "mlflow.db").write_bytes(b""), None, r"mlflow\.db|rearfoot"),
    Input("a database of a later MLflow", sql("update alembic_version set version_num = 'ffffffffffff'"), None, r"mlflow|MLflow"),
    Input("a model's name with an escape of the terminal", sql("insert into registered_models (name, creation_time, last_updated_time) values (?, 0, 0)", "a\x1b[31m"), RIGHT),
]  # fmt: skip

CACHE = [
    Input("cached: a reference that is a list", lambda folder: _references(folder, "[1]"), RIGHT),
    Input("cached: a reference of 100 000 brackets", lambda folder: _references(folder, "[" * 100_000), RIGHT),
    Input("cached: a reference to a folder above", lambda folder: _references(folder, json.dumps({"reference": "rearfoot/1", "package": "../../x", "time": "now"})), RIGHT),
    Input("cached: a reference of no UTF-8", lambda folder: _references(folder, b"\xff\xfe\x00"), RIGHT),
    Input("cached: a package that is cut", lambda folder: _packages(folder, lambda p: p.write_bytes(p.read_bytes()[:10])), RIGHT),
    Input("cached: a package without its manifest", lambda folder: _packages(folder, lambda p: (p.parent / "manifest.json").unlink()), RIGHT),
    Input("cached: a package that is a file", lambda folder: _packages(folder, lambda p: (shutil.rmtree(p.parent), p.parent.write_text("x"))), RIGHT),
]  # fmt: skip


def _references(cache: Path, content: str | bytes) -> None:
    for path in (cache / "references").iterdir():
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _packages(cache: Path, change: Callable[[Path], Any]) -> None:
    for path in (cache / "packages").iterdir():
        change(path / "model.onnx")
