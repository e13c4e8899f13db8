"""What every head's packaging offers."""

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
    """Names of its outputs of the packaged graph."""

    tensors: ClassVar[tuple[str, ...]] = ()
    """Names of what `traced` gives, where `finished` makes the outputs of them."""

    @abstractmethod
    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """Of one image, tensors of fixed shape in the original image's pixels; torch's exporter traces this.

        Args:
            network: The network.
            raw: Its raw outputs of one image.
            read: Gives what it reads out of them, once for all heads.
            letterbox: scale, pad_x, pad_y.
        """

    def finished(self, graph: onnx.ModelProto, network: Network, opset: int) -> onnx.ModelProto:
        """The graph of `traced` with what torch's exporter cannot write: then it has the `outputs`."""
        return graph

    def reference(self, network: Network) -> Network:
        """The network whose predictions `apart` is to be given."""
        return network

    def answered(self, prediction: Prediction) -> bool:
        """Whether a package that predicted this has the head."""
        return all(answer_of(prediction, output) is not None for output in self.outputs)

    @abstractmethod
    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest difference of coordinates, original pixels, and of confidences; inf where the answers differ in kind.

        Args:
            network: The network that was packaged.
            found: What the package says of an image.
            expected: What `reference` of it says of the image's prepared pixels, without the axis of images.
            letterbox: Of the image.
        """


def answer_of(prediction: Prediction, output: str) -> np.ndarray | None:
    """An output of the graph in a consumer's prediction; None where the graph has no such output."""
    if not hasattr(prediction, output):
        return prediction.others.get(output)
    answer: np.ndarray | None = getattr(prediction, output)
    return answer


def back(points: Float[Tensor, "*N 2"], letterbox: Float[Tensor, "3"]) -> Float[Tensor, "*N 2"]:
    """Points of the input in the original image's pixels: `Letterbox.backward` as torch's exporter traces it."""
    return (points - letterbox[1:] + 0.5) / letterbox[0] - 0.5


def largest(one: Float[np.ndarray, "*any"], two: Float[np.ndarray, "*any"]) -> float:
    """Largest difference; 0 of nothing."""
    return float(np.abs(one - two).max(initial=0.0))
