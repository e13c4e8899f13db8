"""The box head in a package."""

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
    """`box` (4,)."""

    outputs = ("box",)

    def traced(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `HeadExport`."""
        box = read()["boxes"][0]
        return {"box": torch.cat([back(box[:2], letterbox), box[2:] / letterbox[0]])}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `HeadExport`."""
        assert found.box is not None
        return largest(found.box, letterbox.backward_boxes(expected["boxes"])), 0.0


EXPORT = BoxExport()
