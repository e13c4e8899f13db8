"""A toy network: the mean brightness of an image says how many of its keypoints are visible. Settings and all."""

from typing import Literal

from torch import Tensor, nn

from pipeline.models.blocks import normalised
from pipeline.models.network import Network, Predictions
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.problem import Problem


class CounterSettings(ArchitectureSettings):
    """Of `Counter`."""

    network = f"{__name__}:Counter"

    name: Literal["counter"]
    width: int = 4

    @property
    def heads(self) -> tuple[str, ...]:
        """See `ArchitectureSettings.heads`."""
        return ("visible",)

    def misfit(self, problem: Problem) -> str | None:
        """See `ArchitectureSettings.misfit`."""
        return None


class Counter(Network):
    """Raw output: `visible` (N,)."""

    def __init__(self, problem: Problem, settings: CounterSettings) -> None:
        super().__init__(problem, settings)
        self.features = nn.Conv2d(problem.input.channels, settings.width, 3, padding=1)
        self.count = nn.Linear(settings.width, 1)
        self.heads = {"visible": [self.count]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """See `Network.forward`."""
        features = self.features(normalised(pixels, 1)).relu().mean(dim=(2, 3))
        return {"visible": self.count(features)[:, 0].float()}

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """See `Network.read_out`."""
        return {"visible": raw["visible"]}
