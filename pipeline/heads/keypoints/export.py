"""The keypoint head in a packaged graph."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, back, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class KeypointExport(HeadExport):
    """Outputs `keypoints` (K, 2) and `confidence` (K,)."""

    outputs = ("keypoints", "confidence")

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """`keypoints` in the original image's pixels, and `confidence`."""
        predictions = read()
        return {"keypoints": back(predictions["keypoints"][0], letterbox), "confidence": predictions["confidence"][0]}

    def apart(
        self, network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest differences of coordinates and of confidences."""
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        points = letterbox.backward(expected["keypoints"])
        return largest(prediction.keypoints, points), largest(prediction.confidence, expected["confidence"])


EXPORT = KeypointExport()
