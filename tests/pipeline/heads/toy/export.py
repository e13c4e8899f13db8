"""The toy head in a package."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class VisibleExport(HeadExport):
    """`visible`, a number."""

    outputs = ("visible",)

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `HeadExport`."""
        return {"visible": read()["visible"][0]}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `HeadExport`."""
        return 0.0, largest(found.others["visible"], expected["visible"])


EXPORT = VisibleExport()
