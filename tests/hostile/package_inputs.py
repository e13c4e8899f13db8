"""Hostile packages: changed, signed again after a change, of the future, and graphs that want more than an image."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from heelstrike.files import file_digest, json_digest
from tests.hostile.checks import Input
from tests.packages import make_package

RIGHT = {"keypoints": 6, "confidence": 1.0}

Make = Callable[[Path], Path]


def package(change: Callable[[Path], Any], **fields: Any) -> Make:
    """A package that is changed after it was made."""

    def make(folder: Path) -> Path:
        make_package(folder / "package", **fields)
        change(folder / "package")
        return folder / "package"

    return make


def signed(change: Callable[[dict[str, Any]], Any], files: Callable[[Path], Any] = lambda folder: None) -> Make:
    """A package whose files and manifest were changed, with hashes and the digest that fit again."""

    def sign(folder: Path) -> None:
        files(folder)
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        for name, entry in manifest["files"].items():
            if (folder / name).is_file():
                entry |= {"sha256": file_digest(folder / name), "bytes": (folder / name).stat().st_size}
        change(manifest)
        del manifest["digest"]
        path.write_text(json.dumps(manifest | {"digest": json_digest(manifest)}))

    return package(sign)


def manifest(text: str | bytes) -> Make:
    """A package with a manifest of this content."""
    data = text if isinstance(text, bytes) else text.encode()
    return package(lambda folder: (folder / "manifest.json").write_bytes(data))


def graph(build: Callable[[], onnx.ModelProto]) -> Make:
    """A package with another graph, signed."""
    return signed(lambda m: None, lambda folder: (folder / "model.onnx").write_bytes(build().SerializeToString()))


def _graph(
    keypoints: TensorProto | None = None, domain: str = "", op: str = "Identity", count: int = 6
) -> onnx.ModelProto:
    """A graph of constants with the outputs of keypoints and a box."""
    sizes = {"keypoints": [count, 2], "confidence": [count], "box": [4]}
    constants = {
        name: helper.make_tensor(f"{name}_value", TensorProto.FLOAT, size, np.ones(int(np.prod(size)), np.float32))
        for name, size in sizes.items()
    }
    if keypoints is not None:
        constants["keypoints"] = keypoints
    nodes = [helper.make_node("Identity", [constants[name].name], [name]) for name in sizes if name != "keypoints"]
    nodes.append(helper.make_node(op, [constants["keypoints"].name], ["keypoints"], domain=domain))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["h", "w", 3])
    body = helper.make_graph(nodes, "g", [image], outputs, list(constants.values()))
    opsets = [helper.make_opsetid("", 18)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(body, opset_imports=opsets)
    model.ir_version = 9
    return model


def _elsewhere(location: str) -> Callable[[], onnx.ModelProto]:
    """A graph whose weights are in another file."""

    def build() -> onnx.ModelProto:
        tensor = TensorProto(name="keypoints_value", data_type=TensorProto.FLOAT, dims=[6, 2])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "48")):
            tensor.external_data.add(key=key, value=value)
        return _graph(tensor)

    return build


def _looping() -> onnx.ModelProto:
    model = _graph()
    model.graph.node[0].input[0] = "box"
    model.graph.node[0].output[0] = "confidence"
    model.graph.node[1].input[0] = "confidence"
    return model


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *above, last = path.split(".")
        for key in above:
            data = data[key]
        data[last] = value

    return change


_PICKLE = b"cos\nsystem\n(S'touch code-has-run'\ntR."

FILES = [
    Input("as it should be", package(lambda folder: None), RIGHT),
    Input("a graph that was changed", package(lambda f: (f / "model.onnx").write_bytes(b"x" * 100)), None, r"model\.onnx"),
    Input("a graph that is missing", package(lambda f: (f / "model.onnx").unlink()), None, r"model\.onnx: missing"),
    Input("a graph that is a folder", package(lambda f: ((f / "model.onnx").unlink(), (f / "model.onnx").mkdir())), None, r"model\.onnx"),
    Input("a manifest that is missing", package(lambda f: (f / "manifest.json").unlink()), None, "manifest"),
    Input("a manifest that is a folder", package(lambda f: ((f / "manifest.json").unlink(), (f / "manifest.json").mkdir())), None, "manifest"),
    Input("files that the manifest does not list", package(lambda f: (f / "model.pkl").write_bytes(_PICKLE)), RIGHT),
    Input("a folder that is a file", lambda folder: ((folder / "package").write_text("x"), folder / "package")[1], None, "package"),
    Input("an empty folder", lambda folder: ((folder / "package").mkdir(), folder / "package")[1], None, "manifest"),
]  # fmt: skip

MANIFESTS = [
    Input("a manifest of zero bytes", manifest(""), None, "not valid JSON"),
    Input("a manifest that is a list", manifest("[1]"), None, "expected an object"),
    Input("a manifest of 200 000 brackets", manifest("[" * 200_000), None, "nested|JSON"),
    Input("a manifest of 2 000 levels", manifest('{"a":' * 2000 + "1" + "}" * 2000), None, "nested|deep"),
    Input("a manifest of 5 MB", manifest('{"a": "' + "x" * 5_000_000 + '"}'), None, "at most"),
    Input("a manifest in UTF-16", manifest('{"a": 1}'.encode("utf-16")), None, "not valid JSON"),
    Input("a manifest with NaN", manifest('{"format_version": NaN}'), None, "NaN"),
    Input("a manifest with another digest", package(lambda f: _rewrite(f, digest="0" * 64)), None, "changed after packaging"),
    Input("a manifest with a threshold changed", package(lambda f: _rewrite(f, confidence=0.01)), None, "changed after packaging"),
    Input("a format of the future", signed(lambda m: m.update(format_version=99, min_reader=99)), None, "upgrade heelstrike"),
    Input("a format that is text", signed(_set("format_version", "3")), None, "format_version"),
    Input("a format that is 2.0", signed(_set("format_version", 2.0)), None, "format_version"),
    Input("a format that is true", signed(_set("format_version", True)), None, "format_version"),
    Input("a format of -1", signed(lambda m: m.update(format_version=-1, min_reader=-1)), None, "format_version"),
    Input("a key of the future", signed(_set("weather", {"sun": [1]})), RIGHT),
    Input("a file above the package", signed(lambda m: m["files"].update({"../../x": {"sha256": "0" * 64, "bytes": 1}})), None, "files"),
    Input("a file in a folder", signed(lambda m: m["files"].update({"a/b": {"sha256": "0" * 64, "bytes": 1}})), None, "files"),
    Input("a file of negative size", signed(lambda m: m["files"].update({"card.md": {"sha256": "0" * 64, "bytes": -1}})) , None, "bytes|files"),
    Input("no graph among its files", signed(lambda m: m["files"].pop("model.onnx")), None, r"model\.onnx"),
    Input("a keypoint more than the graph has", signed(lambda m: m["category"]["keypoints"].append("toe")), None, "keypoints|fit"),
    Input("a keypoint twice", signed(lambda m: m["category"]["keypoints"].__setitem__(0, "left_heel")), None, "twice"),
    Input("a skeleton outside the keypoints", signed(_set("category.skeleton", [[1, 99]])), None, "skeleton"),
    Input("a measure of unknown keypoints", signed(_set("measure.left", ["a", "b", "c"])), None, "measure|'a'|keypoint"),
    Input("a measure that there is not", signed(_set("measure.name", "gravity")), None, "gravity|measure"),
    Input("a filter that there is not", signed(_set("filters", [{"name": "melt", "options": {}}])), None, "melt|filter"),
    Input("flip pairs of unknown keypoints", signed(_set("flip_pairs", [["a", "b"]])), None, "flip_pairs"),
    Input("a confidence of 7", signed(_set("confidence", 7)), None, "confidence"),
    Input("an input of no width", signed(_set("input.width", 0)), None, "width"),
    Input("a problem's name that is markup", signed(_set("problem", "[red]<b>../../x")), RIGHT, "problem"),
]  # fmt: skip

GRAPHS = [
    Input("a graph of zeros", graph(lambda: _Bytes(bytes(100))), None, r"model\.onnx"),
    Input("a graph of zero bytes", graph(lambda: _Bytes(b"")), None, r"model\.onnx"),
    Input("a graph that is a pickle", graph(lambda: _Bytes(_PICKLE)), None, r"model\.onnx"),
    Input("a graph with an operator of its own", graph(lambda: _graph(domain="own.ops", op="Run")), None, r"model\.onnx"),
    Input("a graph with weights at a path", graph(_elsewhere("/etc/hostname")), None, r"model\.onnx"),
    Input("a graph with weights above the package", graph(_elsewhere("../../weights.bin")), None, r"model\.onnx"),
    Input("a graph with weights in the card", graph(_elsewhere("card.md")), None, r"model\.onnx"),
    Input("a graph that runs in a circle", graph(_looping), None, r"model\.onnx"),
    Input("a graph of seven keypoints", graph(lambda: _graph(count=7)), None, "keypoints|fit"),
]  # fmt: skip


class _Bytes:
    """Bytes in the place of a graph."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:
        return self._data


def _rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


INPUTS = [*FILES, *MANIFESTS, *GRAPHS]
