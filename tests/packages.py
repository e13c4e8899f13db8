"""A hand-made package for tests: no training, no torch, yet a real graph with a real manifest."""

import json
from pathlib import Path
from typing import Any

import onnx
import onnx.parser

from heelstrike.files import json_digest
from heelstrike.measure.settings import RearfootSettings
from heelstrike.package.manifest import MANIFEST, Manifest, write_manifest
from heelstrike.package.over_time_settings import OverTime
from heelstrike.package.temporal import GRAPH
from heelstrike.preprocess.settings import InputSize
from pipeline.package.category import category_of
from pipeline.problem import Problem

LEFT, RIGHT = ("left_shank", "left_ankle", "left_heel"), ("right_shank", "right_ankle", "right_heel")
PROBLEM = Problem(
    category="lower_legs",
    keypoints=(*LEFT, *RIGHT),
    flip_pairs=tuple(zip(LEFT, RIGHT, strict=True)),
    skeleton=((LEFT[0], LEFT[1]), (LEFT[1], LEFT[2]), (RIGHT[0], RIGHT[1]), (RIGHT[1], RIGHT[2])),
    input=InputSize(width=64, height=64),
)

# The markers are always at these shares of the image; the confidence is its mean brightness over 64, at most 1.
SHARES = ((0.40, 0.4), (0.40, 0.6), (0.39, 0.8), (0.60, 0.4), (0.60, 0.6), (0.61, 0.8))

_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
g (uint8[H,W,3] image) => (float[6,2] keypoints, float[6] confidence, float[4] box)
<float[6,2] shares = {SHARES}, int64[2] order = {1, 0}, float limit = {64.0}, float zero = {0.0}, float one = {1.0},
 int64[1] points = {6}, float[4] box_shares = {0.25, 0.25, 0.5, 0.5}>
{
  shape = Shape<start = 0, end = 2>(image)
  size_int = Gather(shape, order)
  size = Cast<to = 1>(size_int)
  keypoints = Mul(shares, size)
  brightness_all = Cast<to = 1>(image)
  brightness = ReduceMean<keepdims = 0>(brightness_all)
  ratio = Div(brightness, limit)
  sure = Clip(ratio, zero, one)
  confidence = Expand(sure, points)
  size_twice = Concat<axis = 0>(size, size)
  box = Mul(box_shares, size_twice)
}
"""


def fixed_graph() -> onnx.ModelProto:
    """The graph described at `SHARES`."""
    values = ", ".join(f"{v:.6f}" for point in SHARES for v in point)
    return onnx.parser.parse_model(_GRAPH.replace("SHARES", values))


_TEMPORAL = """
<ir_version: 10, opset_import: ["" : 18]>
g (float[1,5,6,2] points, float[1,5,6] confidence) => (float[1,6,2] places, float[1,6] spread)
<int64 middle = {2}, float[2] shift = {SHIFT, 0.0}, float[1,6] usual = {0.01, 0.01, 0.01, 0.01, 0.01, 0.01}>
{
  there = Gather<axis = 1>(points, middle)
  places = Add(there, shift)
  spread = Identity(usual)
}
"""
OVER_TIME = OverTime(
    slots=5,
    step_s=0.04,
    confidence=0.5,
    fill=0.03,
    corrects=True,
    seen=1.5,
    filled=2.5,
    quantities={"left": 2.0},
)


def add_temporal_graph(folder: Path, shift: float = 0.0) -> OverTime:
    """Add a temporal model to a package that is about to be written.

    It answers what windows have in their middle, moved to the right by a share of the keypoints' size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH).write_bytes(onnx.parser.parse_model(_TEMPORAL.replace("SHIFT", f"{shift}")).SerializeToString())
    return OVER_TIME


def make_package(folder: Path, graph: onnx.ModelProto | None = None, **fields: Any) -> Manifest:
    """Write a package to a folder, of `fixed_graph` or another graph; `fields` replace those of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes((graph or fixed_graph()).SerializeToString())
    (folder / "card.md").write_text("# A package for tests\n")
    settings = RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT)
    defaults: dict[str, Any] = {
        "heelstrike": "0.1.0",
        "problem": "rearfoot",
        "network": {"name": "fixed"},
        "category": category_of(PROBLEM),
        "flip_pairs": PROBLEM.flip_pairs,
        "input": PROBLEM.input,
        "confidence": 0.5,
        "measure": settings,
        "training_data": "0" * 64,
    }
    return write_manifest(folder, **(defaults | fields))


def sign(folder: Path, **changes: Any) -> None:
    """Change fields of a package's manifest as it stands in the file, and give it the digest that this demands."""
    path = folder / MANIFEST
    data = json.loads(path.read_text()) | changes
    del data["digest"]
    path.write_text(json.dumps(data | {"digest": json_digest(data)}))
