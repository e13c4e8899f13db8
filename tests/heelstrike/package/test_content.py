"""Packages whose hashes are right and whose contents do not fit together: each is refused with a message."""

import json

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.package.runtime import Package
from tests.packages import PROBLEM, fixed_graph, make_package, sign

CATEGORY = {"id": 1, "name": "legs", "keypoints": list(PROBLEM.keypoints), "classes": [], "skeleton": []}
RADII = {"level": 0.9, "subjects": 40, "difficulty": [[0.5, 4.0], [1.0, 2.0]], "factors": [1.0] * 6}


def with_graph(folder, graph, **changes):
    """A package of this graph, signed."""
    make_package(folder)
    content = graph if isinstance(graph, bytes) else graph.SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    files["model.onnx"] = {"sha256": file_digest(folder / "model.onnx"), "bytes": len(content)}
    sign(folder, files=files, **changes)


def constant_graph(image=("uint8", ["h", "w", 3]), **outputs):
    """A graph that gives the same arrays for every image."""
    kind = {"uint8": TensorProto.UINT8, "float": TensorProto.FLOAT}[image[0]]
    arrays = {name: numpy_helper.from_array(np.asarray(value), f"{name}_value") for name, value in outputs.items()}
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in arrays]
    infos = [helper.make_tensor_value_info(name, array.data_type, array.dims) for name, array in arrays.items()]
    given = [helper.make_tensor_value_info("image", kind, image[1])]
    graph = helper.make_graph(nodes, "g", given, infos, list(arrays.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def one_point_a_row():
    """A graph that finds as many keypoints as the image has rows."""
    return onnx.parser.parse_model("""
    <ir_version: 10, opset_import: ["" : 18]>
    g (uint8[H,W,3] image) => (float[H,2] keypoints, float[H] confidence)
    <float zero = {0.0}, int64[1] two = {2}>
    {
      rows = Shape<start = 0, end = 1>(image)
      shape = Concat<axis = 0>(rows, two)
      keypoints = Expand(zero, shape)
      confidence = Expand(zero, rows)
    }
    """)


def external(location):
    """A graph whose shares lie in another file."""
    graph = fixed_graph()
    tensor = next(one for one in graph.graph.initializer if one.name == "shares")
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "48")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return graph


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"category": CATEGORY | {"keypoints": [*PROBLEM.keypoints, "nose"]}},
            r"output 'keypoints' has the shape \[6, 2\], expected \[7, 2\]: the category has 7 keypoints",
        ),
        ({"category": CATEGORY | {"skeleton": [[1, 99]]}}, r"category.skeleton joins \[\[1, 99\]\].* numbered 1 to 6"),
        ({"category": CATEGORY | {"skeleton": [[0, 1]]}}, r"category.skeleton joins \[\[0, 1\]\]"),
        (
            {"category": CATEGORY | {"keypoints": [*PROBLEM.keypoints[:5], "left_heel"]}},
            "category.keypoints has a name twice",
        ),
        ({"category": CATEGORY | {"classes": ["cup", "cup"]}}, "category.classes has a name twice"),
        ({"flip_pairs": [["left_heel", "right_toe"]]}, r"flip_pairs names \['right_toe'\], which are no keypoints"),
        (
            {"measure": {"left": ["a", "b", "left_heel"]}},
            r"measure.left names \['a', 'b'\], which are no keypoints",
        ),
        ({"radii": RADII | {"factors": [1.0] * 5}}, "radii.factors has 5 numbers, but there are 6 keypoints"),
        (
            {"radii": RADII | {"difficulty": [[1.0, 2.0], [0.5, 4.0]]}},
            "radii.difficulty is not in order of rising confidence",
        ),
        (
            {"radii": RADII | {"quantities": {"middle": 1.0}}},
            r"radii.quantities names \['middle'\], which rearfoot_angle does not measure",
        ),
        (
            {"heads": {"keypoints": ["keypoints", "confidence"]}},
            "manifest's heads have the outputs .*the graph has",
        ),
        (
            {"heads": {"keypoints": ["keypoints"], "box": ["box"], "toy": ["confidence"]}},
            r"the head keypoints has the outputs \['keypoints'\], expected \['keypoints', 'confidence'\]",
        ),
        (
            {"heads": {"toy": ["keypoints", "confidence"], "box": ["box"]}},
            "rearfoot_angle is measured on keypoints, but the graph has no keypoints",
        ),
    ],
)
def test_manifest_that_does_not_fit(tmp_path, changes, message):
    make_package(tmp_path)
    data = json.loads((tmp_path / "manifest.json").read_text())
    merged = {key: data[key] | value if key == "measure" else value for key, value in changes.items()}
    sign(tmp_path, **merged)
    with pytest.raises(UserError, match=message) as error:
        Package.load(tmp_path)
    assert str(tmp_path) in str(error.value) and "package the model again" in str(error.value)


POINTS = {"keypoints": np.zeros((6, 2), np.float32), "confidence": np.ones(6, np.float32)}


@pytest.mark.parametrize(
    ("graph", "changes", "message"),
    [
        (constant_graph(("float", ["h", "w", 3]), **POINTS), {}, r"'tensor\(float\)', .* expected one 'image'"),
        (constant_graph(("uint8", ["h", "w", 4]), **POINTS), {}, "expected one 'image'"),
        (constant_graph(("uint8", [64, 64, 3]), **POINTS), {}, "expected one 'image'"),
        (constant_graph(**POINTS, wart=np.zeros(2, np.float32)), {}, r"the graph has .*'wart'"),
        (constant_graph(keypoints=POINTS["keypoints"]), {}, r"heads have the outputs \[\], the graph has"),
        (constant_graph(**POINTS, box=np.zeros(5, np.float32)), {}, r"'box' has the shape \[5\], expected \[4\]"),
        (
            constant_graph(**POINTS | {"confidence": np.array(["x"] * 6)}),
            {},
            r"output 'confidence' is a tensor\(string\), expected numbers",
        ),
        (
            constant_graph(probabilities=np.ones(3, np.float32)),
            {"category": CATEGORY | {"classes": ["cup", "jar"]}, "measure": None},
            r"'probabilities' has the shape \[3\], expected \[2\]: the category has 2 classes",
        ),
        (external("weights.bin"), {}, "has weights outside the graph"),
        (external("card.md"), {}, "has weights outside the graph"),
        (external("../model.onnx"), {}, "has weights outside the graph"),
        (external("/etc/passwd"), {}, "has weights outside the graph"),
        (b"\0" * 100, {}, "ONNX Runtime cannot load it"),
    ],
)
def test_graph_that_does_not_fit(tmp_path, graph, changes, message):
    with_graph(tmp_path, graph, **changes)
    with pytest.raises(UserError, match=message):
        Package.load(tmp_path)


def test_weights_outside_the_graph_are_not_read_even_where_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(b"\0" * 4096)
    with_graph(tmp_path / "package", external("weights.bin"))
    (tmp_path / "package" / "weights.bin").symlink_to(tmp_path / "weights.bin")
    with pytest.raises(UserError, match="has weights outside the graph"):
        Package.load(tmp_path / "package")


def test_shapes_that_only_running_tells_are_checked_when_it_runs(tmp_path):
    with_graph(tmp_path, one_point_a_row())
    package = Package.load(tmp_path)
    assert package.predict(np.zeros((6, 6, 3), np.uint8)).keypoints.shape == (6, 2)
    with pytest.raises(UserError, match=r"'keypoints' has the shape \[7, 2\], expected \[6, 2\]"):
        package.predict(np.zeros((7, 6, 3), np.uint8))


def test_class_that_the_category_does_not_have(tmp_path):
    graph = constant_graph(
        boxes=np.zeros((1, 4), np.float32), scores=np.ones(1, np.float32), classes=np.array([2], np.int64)
    )
    with_graph(tmp_path, graph, category=CATEGORY | {"classes": ["cup", "jar"]}, measure=None)
    with pytest.raises(UserError, match="an instance of class 2 was found, but there are 2 classes"):
        Package.load(tmp_path).predict(np.zeros((64, 64, 3), np.uint8))


def test_package_of_a_head_that_this_library_does_not_know(tmp_path):
    """It loads and runs; what the unknown head says is in `others`, as the graph gives it."""
    heads = {"keypoints": ["keypoints", "confidence"], "toy": ["roundness", "edges"]}
    toy = {"roundness": np.array([0.25], np.float32), "edges": np.array([[1, 2]], np.int64)}
    with_graph(tmp_path, constant_graph(**POINTS, **toy), heads=heads)
    package = Package.load(tmp_path)
    prediction = package.predict(np.zeros((64, 64, 3), np.uint8))
    assert prediction.heads == ("keypoints", "toy")
    assert set(prediction.others) == {"roundness", "edges"}
    np.testing.assert_array_equal(prediction.others["roundness"], toy["roundness"])
    np.testing.assert_array_equal(prediction.others["edges"], toy["edges"])
    assert prediction.keypoints is not None


def test_heads_of_a_package_from_before_the_manifest_named_them(tmp_path):
    make_package(tmp_path)
    assert onnx.load(tmp_path / "model.onnx").graph.output[2].name == "box"
    assert Package.load(tmp_path).manifest.heads == {"keypoints": ("keypoints", "confidence"), "box": ("box",)}
