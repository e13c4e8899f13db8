"""The keypoint head in a package."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, back, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class KeypointExport(HeadExport):
    """`keypoints` (K, 2) and `confidence` (K,)."""

    outputs = ("keypoints", "confidence")

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `HeadExport`."""
        found = read()
        return {"keypoints": back(found["keypoints"][0], letterbox), "confidence": found["confidence"][0]}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `HeadExport`."""
        assert found.keypoints is not None
        assert found.confidence is not None
        points = letterbox.backward(expected["keypoints"])
        return largest(found.keypoints, points), largest(found.confidence, expected["confidence"])


EXPORT = KeypointExport()
