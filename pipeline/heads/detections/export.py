"""The detector's head in a packaged graph, which suppresses by ONNX's NonMaxSuppression."""

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

_MARGIN = 1e-3  # of score or overlap: closer to a threshold than this, rounding decides


class DetectionExport(HeadExport):
    """Outputs `boxes` (D, 4), `scores` (D,) and `classes` (D,) of any number D of instances."""

    outputs = ("boxes", "scores", "classes")
    tensors = ("candidates", "apart", "sure", "kinds")

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """The candidates for suppression: boxes, the same boxes shifted apart by class, scores, classes."""
        assert isinstance(network, Detector)
        candidates = network.candidates(raw)
        corners = candidates.boxes[0]
        sides = (corners[:, 2:] - corners[:, :2]) / letterbox[0]
        boxes = torch.cat([back(corners[:, :2], letterbox), sides], dim=1)
        return {
            "candidates": boxes,
            "apart": candidates.apart[0],
            "sure": candidates.scores[0],
            "kinds": candidates.classes[0],
        }

    def finished(self, graph: onnx.ModelProto, network: Network, opset: int) -> onnx.ModelProto:
        """The graph with suppression; it keeps the same candidates as `Detector.keep`."""
        assert isinstance(network, Detector)
        suppression = _suppression(network, opset, _length(graph))
        suppression.ir_version = graph.ir_version
        links = [(name, name) for name in self.tensors]
        return onnx.compose.merge_models(
            graph, onnx.compose.add_prefix(suppression, "nms/", rename_inputs=False, rename_outputs=False), io_map=links
        )

    def reference(self, network: Network) -> Network:
        """The same network without suppression.

        If two candidates for one instance have equal scores, rounding decides which of them suppresses the other. So
        the remaining predictions cannot be compared one by one, but the candidates can.
        """
        assert isinstance(network, Detector)
        bare = copy.copy(network)
        bare.nms_iou, bare.most = 1.0, CANDIDATES
        return bare

    def apart(
        self, network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest differences between each prediction and the nearest candidate of its class.

        They are inf if the predictions are not a result of greedy suppression. In such a result every candidate is
        overlapped by a prediction of at least its score (which may be itself), and no two predictions overlap by more
        than is allowed.
        """
        assert isinstance(network, Detector)
        assert prediction.boxes is not None
        assert prediction.scores is not None
        assert prediction.classes is not None
        rows = expected["objects"][expected["objects"][:, 5] > 0].astype(np.float64)
        candidates = np.concatenate([letterbox.backward_boxes(rows[:, :4]), rows[:, 4:6]], axis=1)
        predictions = np.column_stack([prediction.boxes, prediction.classes, prediction.scores]).astype(np.float64)
        full = len(predictions) == network.most  # then the lowest scores are left out, overlapped or not
        lowest = max(network.score, predictions[-1, 5] if full else 0.0) + _MARGIN
        above = candidates[candidates[:, 5] > lowest]
        if not (_suppressed(predictions, network.nms_iou) and _covered(above, predictions, network.nms_iou)):
            return float("inf"), float("inf")
        return _farthest(predictions[predictions[:, 5] > lowest], candidates)


EXPORT = DetectionExport()


def _suppressed(predictions: Float[np.ndarray, "A 6"], most: float) -> bool:
    """True if no two predictions of a class overlap by more than `most`."""
    overlap = _overlap(predictions, predictions) - np.eye(len(predictions))
    return bool((overlap <= most + _MARGIN).all())


def _covered(candidates: Float[np.ndarray, "B 6"], predictions: Float[np.ndarray, "A 6"], least: float) -> bool:
    """True if each candidate overlaps a prediction of its class, with no lower score, by at least `least`."""
    near = _overlap(candidates, predictions) >= least - _MARGIN
    not_lower = predictions[None, :, 5] >= candidates[:, None, 5] - _MARGIN
    return bool((near & not_lower).any(axis=1).all())


def _overlap(a: Float[np.ndarray, "A 6"], b: Float[np.ndarray, "B 6"]) -> Float[np.ndarray, "A B"]:
    """IoU of boxes (x, y, width, height, class, score); 0 between classes."""
    first, second = (torch.from_numpy(np.concatenate([box[:, :2], box[:, :2] + box[:, 2:4]], axis=1)) for box in (a, b))
    return np.where(a[:, None, 4] == b[None, :, 4], box_iou(first, second).numpy(), 0.0)


def _length(graph: onnx.ModelProto) -> int:
    return int(graph.graph.output[0].type.tensor_type.shape.dim[0].dim_value)


def _farthest(predictions: Float[np.ndarray, "A 6"], candidates: Float[np.ndarray, "B 6"]) -> tuple[float, float]:
    """Largest differences of box and score between each prediction and the nearest candidate of its class."""
    box_difference, score_difference = 0.0, 0.0
    for row in predictions:
        same = candidates[candidates[:, 4] == row[4]]
        if not len(same):
            return float("inf"), float("inf")
        distance = np.abs(same[:, :4] - row[:4]).max(axis=1)
        nearest = int(distance.argmin())
        box_difference = max(box_difference, float(distance[nearest]))
        score_difference = max(score_difference, float(abs(same[nearest, 5] - row[5])))
    return box_difference, score_difference


def _suppression(network: Detector, opset: int, count: int) -> onnx.ModelProto:
    """Graph from `candidates` (T, 4), `apart` (T, 4), `sure` (T,) and `kinds` (T,) to the outputs.

    One class is enough for NonMaxSuppression, since `apart` holds the boxes shifted apart by class.
    """
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
