"""The box head in a packaged graph."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import HeadExport, back, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class BoxExport(HeadExport):
    """Output `box` (4,): x, y, width, height."""

    outputs = ("box",)

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """`box` in the original image's pixels."""
        box = read()["boxes"][0]
        return {"box": torch.cat([back(box[:2], letterbox), box[2:] / letterbox[0]])}

    def apart(
        self, network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """Largest difference of the box's coordinates; there is no confidence."""
        assert prediction.box is not None
        return largest(prediction.box, letterbox.backward_boxes(expected["boxes"])), 0.0


EXPORT = BoxExport()
