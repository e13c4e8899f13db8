"""The class head in a package."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class ClassExport(HeadExport):
    """`probabilities` (C,)."""

    outputs = ("probabilities",)

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `HeadExport`."""
        return {"probabilities": read()["probabilities"][0]}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `HeadExport`."""
        assert found.probabilities is not None
        return 0.0, largest(found.probabilities, expected["probabilities"])


EXPORT = ClassExport()
