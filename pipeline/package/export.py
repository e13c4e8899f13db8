"""One ONNX graph from the image to its keypoints: scaling, the network and the way back to the image's pixels."""

import logging
import warnings

import onnx
import onnx.compose
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pipeline.models.network import KeypointNetwork
from pipeline.package.runtime import INPUT, OUTPUTS
from pipeline.prepare.preprocess import preprocess_model
from pipeline.problem import InputSize

_LINKS = ("pixels", "letterbox")  # what the scaling graph hands to the network's


class InImagePixels(torch.nn.Module):
    """A network's predictions for one letterboxed image, in the original image's pixels."""

    def __init__(self, network: KeypointNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: UInt8[Tensor, "H W C"], letterbox: Float[Tensor, "3"]) -> dict[str, Tensor]:
        """`keypoints` (K, 2), `confidence` (K,), `box` (4,), those that the network has.

        `letterbox` is scale, pad_x, pad_y as the scaling graph gives it.
        """
        found = self.network.predict(pixels.unsqueeze(0))
        scale, pad = letterbox[0], letterbox[1:]

        def back(points: Tensor) -> Tensor:
            return (points - pad + 0.5) / scale - 0.5

        said: dict[str, Tensor] = {}
        if found.keypoints is not None and found.confidence is not None:
            said |= {"keypoints": back(found.keypoints[0]), "confidence": found.confidence[0]}
        if found.boxes is not None:
            box = found.boxes[0]
            said["box"] = torch.cat([back(box[:2]), box[2:] / scale])
        return said


def export_model(network: KeypointNetwork, size: InputSize) -> onnx.ModelProto:
    """The whole graph: `image` uint8 (H, W, 3) RGB of any size to keypoints (K, 2) and confidence (K,), and box (4,).

    A network without a keypoint head or without a box head has no such outputs.

    The same weights give the same bytes: names of files, stack traces and versions that the exporter leaves in the
    graph are removed.
    """
    scaling = preprocess_model(size)
    opset = next(o.version for o in scaling.opset_import if not o.domain)
    outputs = [name for head, names in OUTPUTS.items() if head in network.heads for name in names]
    exported = _export(InImagePixels(network.eval()), outputs, size, opset)
    exported.ir_version = scaling.ir_version
    model = onnx.compose.merge_models(
        onnx.compose.add_prefix(scaling, "scaling/", rename_inputs=False, rename_outputs=False),
        onnx.compose.add_prefix(exported, "network/", rename_inputs=False, rename_outputs=False),
        io_map=[(name, name) for name in _LINKS],
        outputs=outputs,
    )
    _anonymise(model)
    onnx.checker.check_model(model, full_check=True)
    assert [i.name for i in model.graph.input] == [INPUT]
    return model


def _export(module: torch.nn.Module, outputs: list[str], size: InputSize, opset: int) -> onnx.ModelProto:
    example = (
        torch.zeros(size.height, size.width, size.channels, dtype=torch.uint8),
        torch.tensor([0.5, 0.0, 0.0]),
    )
    noisy = logging.getLogger("torch.onnx")
    level = noisy.level
    noisy.setLevel(logging.ERROR)  # it lists what it skipped of optional libraries
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                example,
                input_names=list(_LINKS),
                output_names=outputs,
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    finally:
        noisy.setLevel(level)
    assert program is not None  # only the old exporter returns nothing
    return program.model_proto


def _anonymise(model: onnx.ModelProto) -> None:
    """Remove what tells of the machine and of the exporter: doc strings, metadata, producer."""
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
