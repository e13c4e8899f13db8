"""A package's graph with integers of 8 bits where these save time: in its convolutions.

ONNX Runtime's static quantisation: weights have a scale for each channel, activations one for each tensor, found on
validation images. Only what a rectifier follows is computed with integers: convolutions, the additions of residual
blocks, and the enlargement between them. The first convolutions, of an image's few channels, gain nothing. The last
convolutions of the heads and all that reads out coordinates, confidences and probabilities stay float, since a map's
small differences are what a soft-argmax lives on.

Weights have 7 of the 8 bits, so that the sums of processors without VNNI do not overflow, and a package answers alike
on every machine.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from jaxtyping import UInt8
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from heelstrike.package.content import INPUT
from pipeline.package.export import anonymise

_RECTIFIERS = ("Relu", "Clip")
_OPERATORS = ["Conv", "Add", "Resize"]
_CHANNELS = 8  # of the input from which on a convolution gains by integers

Pictures = Sequence[UInt8[np.ndarray, "H W 3"]]


def quantised(graph: onnx.ModelProto, pictures: Pictures) -> onnx.ModelProto:
    """Return the graph with integer convolutions. The same graph and pictures give the same bytes.

    Args:
        graph: A graph of `export_model`.
        pictures: RGB images, from which the range of every activation is taken.

    Raises:
        ValueError: There are no pictures, or no convolution is followed by a rectifier.
    """
    chosen = rectified(graph)
    if not chosen or not len(pictures):
        raise ValueError(f"{len(chosen)} convolutions and {len(pictures)} pictures; at least one of each is needed")
    plain = onnx.ModelProto()
    plain.CopyFrom(graph)
    add_pre_process_metadata(plain)  # batch normalisation is in the convolutions already, so that no warning is needed
    del plain.opset_import[1:]  # the two that the graph was merged from name the same operators
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "quantised.onnx"
        quantize_static(
            plain,
            made,
            _Reader(pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            nodes_to_quantize=chosen,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        result = onnx.load(made)
    anonymise(result)
    onnx.checker.check_model(result, full_check=True)
    return result


def rectified(graph: onnx.ModelProto) -> list[str]:
    """Return the names of the nodes that integers compute.

    These are convolutions whose results are rectified, directly or after an addition; such additions; and what is
    enlarged for them. The first convolutions, of an image with few channels, stay float: integers take as long.
    """
    users: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.graph.node:
        for name in node.input:
            users[name].append(node)
    channels = {weights.name: weights.dims[1] for weights in graph.graph.initializer if len(weights.dims) > 1}

    def is_before(node: onnx.NodeProto, operators: tuple[str, ...]) -> bool:
        return any(user.op_type in operators for user in users[node.output[0]])

    def is_added(node: onnx.NodeProto) -> bool:
        return any(user.name in additions for user in users[node.output[0]])

    nodes = graph.graph.node
    additions = {n.name for n in nodes if n.op_type == "Add" and is_before(n, _RECTIFIERS)}
    convolutions = [n for n in nodes if n.op_type == "Conv" and channels.get(n.input[1], 0) >= _CHANNELS]
    chosen = [n for n in convolutions if is_before(n, _RECTIFIERS) or is_added(n)]
    used = {user.name for n in chosen for user in users[n.output[0]]} & additions
    rectifying = {n.output[0] for n in nodes if n.op_type in _RECTIFIERS}
    enlarged = [n.name for n in nodes if n.op_type == "Resize" and n.input[0] in rectifying]
    return [*(n.name for n in chosen), *sorted(used), *enlarged]


class _Reader(CalibrationDataReader):
    """Feeds the graph one picture after another."""

    def __init__(self, pictures: Pictures) -> None:
        self._left: Iterator[UInt8[np.ndarray, "H W 3"]] = iter(pictures)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next picture as the graph's input; `None` after the last one."""
        picture = next(self._left, None)
        return None if picture is None else {INPUT: picture}
