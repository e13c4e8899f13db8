"""The detector's head in a package: suppression is ONNX's own NonMaxSuppression, in the graph."""

import copy
from collections.abc import Callable

import numpy as np
import onnx
import onnx.compose
import torch
from jaxtyping import Float
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torchvision.ops import box_iou

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, back
from pipeline.models.detector import CANDIDATES, Detector
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions

_MARGIN = 1e-3  # of score or overlap: this near to a threshold, rounding decides


class DetectionExport(HeadExport):
    """`boxes` (D, 4), `scores` (D,) and `classes` (D,), however many there are."""

    outputs = ("boxes", "scores", "classes")
    tensors = ("candidates", "apart", "sure", "kinds")

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """What suppression chooses from: boxes, the same moved apart by class, scores, classes."""
        assert isinstance(network, Detector)
        found = network.candidates(raw)
        corners = found.boxes[0]
        sides = (corners[:, 2:] - corners[:, :2]) / letterbox[0]
        boxes = torch.cat([back(corners[:, :2], letterbox), sides], dim=1)
        return {"candidates": boxes, "apart": found.apart[0], "sure": found.scores[0], "kinds": found.classes[0]}

    def finished(self, graph: onnx.ModelProto, network: Network, opset: int) -> onnx.ModelProto:
        """See `HeadExport`: keeps of the candidates what `Detector.keep` keeps."""
        assert isinstance(network, Detector)
        suppression = _suppression(network, opset, _length(graph))
        suppression.ir_version = graph.ir_version
        links = [(name, name) for name in self.tensors]
        return onnx.compose.merge_models(
            graph, onnx.compose.add_prefix(suppression, "nms/", rename_inputs=False, rename_outputs=False), io_map=links
        )

    def reference(self, network: Network) -> Network:
        """The same without suppression.

        Of two candidates that are equally sure of one instance, rounding decides which of them suppresses the other, so
        kept answers cannot be compared one by one; candidates can.
        """
        assert isinstance(network, Detector)
        bare = copy.copy(network)
        bare.nms_iou, bare.most = 1.0, CANDIDATES
        return bare

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `HeadExport`: each answer against the nearest candidate of its class, unless they were not suppressed.

        What greedy suppression leaves is known by this: every candidate is overlapped by an answer at least as sure (it
        may be that answer itself), and no two answers overlap by more than is allowed.
        """
        assert isinstance(network, Detector)
        assert found.boxes is not None
        assert found.scores is not None
        assert found.classes is not None
        rows = expected["objects"][expected["objects"][:, 5] > 0].astype(np.float64)
        there = np.concatenate([letterbox.backward_boxes(rows[:, :4]), rows[:, 4:6]], axis=1)
        here = np.column_stack([found.boxes, found.classes, found.scores]).astype(np.float64)
        full = len(here) == network.most  # then the least sure ones are left out, covered or not
        sure = max(network.score, here[-1, 5] if full else 0.0) + _MARGIN
        if not (_suppressed(here, network.nms_iou) and _covered(there[there[:, 5] > sure], here, network.nms_iou)):
            return float("inf"), float("inf")
        return _farthest(here[here[:, 5] > sure], there)


EXPORT = DetectionExport()


def _suppressed(answers: Float[np.ndarray, "A 6"], most: float) -> bool:
    """Whether no two answers of a class overlap by more than this."""
    overlap = _overlap(answers, answers) - np.eye(len(answers))
    return bool((overlap <= most + _MARGIN).all())


def _covered(candidates: Float[np.ndarray, "B 6"], answers: Float[np.ndarray, "A 6"], least: float) -> bool:
    """Whether an answer of its class, no less sure, overlaps each candidate by at least this."""
    near = _overlap(candidates, answers) >= least - _MARGIN
    surer = answers[None, :, 5] >= candidates[:, None, 5] - _MARGIN
    return bool((near & surer).any(axis=1).all())


def _overlap(one: Float[np.ndarray, "A 6"], two: Float[np.ndarray, "B 6"]) -> Float[np.ndarray, "A B"]:
    """IoU of boxes (x, y, width, height, class, score); 0 between classes."""
    first, second = (torch.from_numpy(np.concatenate([b[:, :2], b[:, :2] + b[:, 2:4]], axis=1)) for b in (one, two))
    return np.where(one[:, None, 4] == two[None, :, 4], box_iou(first, second).numpy(), 0.0)


def _length(graph: onnx.ModelProto) -> int:
    return int(graph.graph.output[0].type.tensor_type.shape.dim[0].dim_value)


def _farthest(answers: Float[np.ndarray, "A 6"], others: Float[np.ndarray, "B 6"]) -> tuple[float, float]:
    """Largest distance of box and of score from each answer to the nearest other of its class."""
    far, unsure = 0.0, 0.0
    for row in answers:
        same = others[others[:, 4] == row[4]]
        if not len(same):
            return float("inf"), float("inf")
        distance = np.abs(same[:, :4] - row[:4]).max(axis=1)
        nearest = int(distance.argmin())
        far = max(far, float(distance[nearest]))
        unsure = max(unsure, float(abs(same[nearest, 5] - row[5])))
    return far, unsure


def _suppression(network: Detector, opset: int, count: int) -> onnx.ModelProto:
    """`candidates` (T, 4), `apart` (T, 4), `sure` (T,), `kinds` (T,) to the outputs; one class, since moved apart."""
    nodes = [
        helper.make_node("Unsqueeze", ["apart", "first"], ["apart_batch"]),
        helper.make_node("Unsqueeze", ["sure", "first_two"], ["sure_batch"]),
        helper.make_node("NonMaxSuppression", ["apart_batch", "sure_batch", "most", "iou", "score"], ["chosen"]),
        helper.make_node("Gather", ["chosen", "column"], ["kept"], axis=1),
        helper.make_node("Gather", ["candidates", "kept"], ["boxes"], axis=0),
        helper.make_node("Gather", ["sure", "kept"], ["scores"], axis=0),
        helper.make_node("Gather", ["kinds", "kept"], ["classes"], axis=0),
    ]
    constants: dict[str, np.ndarray] = {
        "first": np.array([0], np.int64),
        "first_two": np.array([0, 1], np.int64),
        "most": np.array([network.most], np.int64),
        "iou": np.array([network.nms_iou], np.float32),
        "score": np.array([network.score], np.float32),
        "column": np.array(2, np.int64),
    }
    number, real = TensorProto.INT64, TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "suppression",
        [
            helper.make_tensor_value_info("candidates", real, [count, 4]),
            helper.make_tensor_value_info("apart", real, [count, 4]),
            helper.make_tensor_value_info("sure", real, [count]),
            helper.make_tensor_value_info("kinds", number, [count]),
        ],
        [
            helper.make_tensor_value_info("boxes", real, ["found", 4]),
            helper.make_tensor_value_info("scores", real, ["found"]),
            helper.make_tensor_value_info("classes", number, ["found"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
