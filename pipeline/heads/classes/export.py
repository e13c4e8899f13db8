"""The class head in a package."""

from collections.abc import Callable
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import PackagedHead, largest
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network, Predictions


class PackagedClass(PackagedHead):
    """`probabilities` (C,)."""

    tensors: ClassVar[tuple[str, ...]] = ("probabilities",)

    def said(
        self, network: Network, raw: dict[str, Tensor], read: Callable[[], Predictions], letterbox: Float[Tensor, "3"]
    ) -> dict[str, Tensor]:
        """See `PackagedHead`."""
        found = read()
        assert found.probabilities is not None
        return {"probabilities": found.probabilities[0]}

    def apart(
        self, network: Network, found: Prediction, expected: ArrayPredictions, letterbox: Letterbox
    ) -> tuple[float, float]:
        """See `PackagedHead`."""
        assert found.probabilities is not None
        assert expected.probabilities is not None
        return 0.0, largest(found.probabilities, expected.probabilities)
