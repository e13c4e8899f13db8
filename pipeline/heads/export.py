"""The export facet of a head: its outputs in a packaged graph."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import onnx
from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.head import Facet
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class HeadExport(Facet, ABC):
    """One head in a package."""

    modules = "pipeline.heads.*.export"

    outputs: ClassVar[tuple[str, ...]]
    """Names of the head's outputs in the packaged graph."""

    tensors: ClassVar[tuple[str, ...]] = ()
    """Names of the tensors that `traced` returns; empty if these are the outputs already."""

    @abstractmethod
    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """Tensors of fixed shape for one image, in the original image's pixels; torch's exporter traces this.

        Args:
            network: The network.
            raw: Raw outputs of the network for one image.
            read: Returns the predictions decoded from `raw`; computed once for all heads.
            letterbox: scale, pad_x, pad_y.
        """

    def finished(self, graph: onnx.ModelProto, network: Network, opset: int) -> onnx.ModelProto:
        """The graph of `traced`, extended by nodes that torch's exporter cannot write, so that it has the `outputs`."""
        return graph

    def reference(self, network: Network) -> Network:
        """The network whose predictions are the reference for `apart`."""
        return network

    def answered(self, prediction: Prediction) -> bool:
        """True if the prediction comes from a package that has the head."""
        return all(answer_of(prediction, output) is not None for output in self.outputs)

    @abstractmethod
    def apart(
        self, network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest difference of coordinates, original pixels, and of confidences; inf if they do not correspond.

        Args:
            network: The network that was packaged.
            prediction: The package's prediction for an image.
            expected: Predictions of `reference(network)` for the prepared image, without the batch axis.
            letterbox: The image's letterbox.
        """


def answer_of(prediction: Prediction, output: str) -> np.ndarray | None:
    """The value of a graph's output in a consumer's prediction; `None` if the graph has no such output."""
    if not hasattr(prediction, output):
        return prediction.others.get(output)
    answer: np.ndarray | None = getattr(prediction, output)
    return answer


def back(points: Float[Tensor, "*N 2"], letterbox: Float[Tensor, "3"]) -> Float[Tensor, "*N 2"]:
    """Input points in pixels of the original image: `Letterbox.backward` in a form that torch can export."""
    return (points - letterbox[1:] + 0.5) / letterbox[0] - 0.5


def largest(a: Float[np.ndarray, "*any"], b: Float[np.ndarray, "*any"]) -> float:
    """Largest absolute difference; 0 for empty arrays."""
    return float(np.abs(a - b).max(initial=0.0))
