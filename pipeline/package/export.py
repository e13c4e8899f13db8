"""One ONNX graph from image to predictions: scaling, the network, and the conversion to the image's pixels."""

import functools
import logging
import warnings
from collections.abc import Sequence

import onnx
import onnx.compose
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from heelstrike.package.content import INPUT
from heelstrike.preprocess.settings import InputSize
from pipeline.heads import heads_of
from pipeline.heads.export import HeadExport
from pipeline.models.network import Network
from pipeline.prepare.preprocess import preprocess_model

_LINKS = ("pixels", "letterbox")  # outputs of the scaling graph that are inputs of the network's


class InImagePixels(torch.nn.Module):
    """A network's predictions for one letterboxed image, in the original image's pixels."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: UInt8[Tensor, "H W C"], letterbox: Float[Tensor, "3"]) -> dict[str, Tensor]:
        """The `HeadExport.traced` tensors of each of the network's heads.

        `letterbox` is scale, pad_x, pad_y, an output of the scaling graph.
        """
        raw = self.network(pixels.unsqueeze(0))
        read = functools.cache(lambda: self.network.read_out(raw))
        tensors: dict[str, Tensor] = {}
        for head in exports_of(self.network):
            tensors |= head.traced(self.network, raw, read, letterbox)
        return tensors


def exports_of(network: Network) -> list[HeadExport]:
    """The export facets of the network's heads."""
    return [HeadExport.of(head) for head in heads_of(network.heads)]


def outputs_of(network: Network) -> dict[str, tuple[str, ...]]:
    """Names of the graph's outputs by head of the network, in the graph's order."""
    return {head.name: HeadExport.of(head).outputs for head in heads_of(network.heads)}


def export_model(network: Network, size: InputSize) -> onnx.ModelProto:
    """The whole graph: `image` uint8 (H, W, 3) RGB of any size to the outputs of the network's heads.

    The same weights give the same bytes: file names, stack traces and versions that the exporter writes into the graph
    are removed.
    """
    scaling = preprocess_model(size)
    opset = next(o.version for o in scaling.opset_import if not o.domain)
    heads = exports_of(network)
    outputs = [name for names in outputs_of(network).values() for name in names]
    tensors = [name for head in heads for name in head.tensors or head.outputs]
    exported = _export(InImagePixels(network.eval()), tensors, size, opset)
    exported.ir_version = scaling.ir_version
    for head in heads:
        exported = head.finished(exported, network, opset)
    model = onnx.compose.merge_models(
        onnx.compose.add_prefix(scaling, "scaling/", rename_inputs=False, rename_outputs=False),
        onnx.compose.add_prefix(exported, "network/", rename_inputs=False, rename_outputs=False),
        io_map=[(name, name) for name in _LINKS],
        outputs=outputs,
    )
    anonymise(model)
    onnx.checker.check_model(model, full_check=True)
    assert [i.name for i in model.graph.input] == [INPUT]
    return model


def _export(module: torch.nn.Module, outputs: list[str], size: InputSize, opset: int) -> onnx.ModelProto:
    example = (
        torch.zeros(size.height, size.width, size.channels, dtype=torch.uint8),
        torch.tensor([0.5, 0.0, 0.0]),
    )
    return _traced(module, example, _LINKS, outputs, opset)


def export_graph(
    module: torch.nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    opset: int,
) -> onnx.ModelProto:
    """The graph of a module with inputs of fixed shapes. The same weights give the same bytes.

    Args:
        module: The module.
        example: Its inputs.
        inputs: Their names in the graph.
        outputs: Names of the outputs in the graph.
        opset: Version of ONNX's operators.
    """
    model = _traced(module, example, inputs, outputs, opset)
    anonymise(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _traced(
    module: torch.nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    opset: int,
) -> onnx.ModelProto:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it logs skipped optional libraries
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                example,
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    assert program is not None  # only the old exporter returns nothing
    return program.model_proto


def anonymise(model: onnx.ModelProto) -> None:
    """Remove traces of the machine and of the programs that wrote a graph: doc strings, metadata, producer."""
    model.producer_name, model.producer_version, model.doc_string = "heelstrike", "", ""
    graph = model.graph
    graph.name, graph.doc_string = "heelstrike", ""
    del model.metadata_props[:], graph.metadata_props[:], graph.value_info[:]
    for item in (*graph.node, *graph.initializer, *graph.input, *graph.output, *model.functions):
        item.doc_string = ""
        del item.metadata_props[:]
    for function in model.functions:
        for node in function.node:
            node.doc_string = ""
            del node.metadata_props[:]
