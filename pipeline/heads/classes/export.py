"""The class head in a packaged graph."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class ClassExport(HeadExport):
    """Output `probabilities` (C,)."""

    outputs = ("probabilities",)

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """`probabilities` of the one image."""
        return {"probabilities": read()["probabilities"][0]}

    def apart(
        self, network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest difference of probabilities; there are no coordinates."""
        assert prediction.probabilities is not None
        return 0.0, largest(prediction.probabilities, expected["probabilities"])


EXPORT = ClassExport()
