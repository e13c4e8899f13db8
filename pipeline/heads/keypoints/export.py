"""The keypoint head in a package."""

from collections.abc import Callable
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import PackagedHead, back, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class PackagedKeypoints(PackagedHead):
    """`keypoints` (K, 2) and `confidence` (K,)."""

    tensors: ClassVar[tuple[str, ...]] = ("keypoints", "confidence")

    def said(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `PackagedHead`."""
        found = read()
        assert found.keypoints is not None
        assert found.confidence is not None
        return {"keypoints": back(found.keypoints[0], letterbox), "confidence": found.confidence[0]}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `PackagedHead`."""
        assert found.keypoints is not None
        assert found.confidence is not None
        assert expected.keypoints is not None
        assert expected.confidence is not None
        points = letterbox.backward(expected.keypoints)
        return largest(found.keypoints, points), largest(found.confidence, expected.confidence)
