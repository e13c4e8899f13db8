"""The box head in a package."""

from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import PackagedHead, back, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class PackagedBox(PackagedHead):
    """`box` (4,)."""

    tensors: ClassVar[tuple[str, ...]] = ("box",)

    def said(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `PackagedHead`."""
        found = read()
        assert found.boxes is not None
        box = found.boxes[0]
        return {"box": torch.cat([back(box[:2], letterbox), box[2:] / letterbox[0]])}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `PackagedHead`."""
        assert found.box is not None
        assert expected.boxes is not None
        return largest(found.box, letterbox.backward_boxes(expected.boxes)), 0.0
