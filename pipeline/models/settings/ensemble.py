"""Settings of the ensemble."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.settings.base import ArchitectureSettings
from pipeline.models.settings.by_name import ByName
from pipeline.models.settings.spatial import RefinedSettings, SpatialSettings
from pipeline.problem import Problem

Member = Annotated[
    ArchitectureSettings,
    ByName({"refined": RefinedSettings, "spatial": SpatialSettings}),
    Field(description="network of each member: refined or spatial, with its settings"),
]


class EnsembleSettings(ArchitectureSettings):
    """Several networks of one kind in one: trained together, the mean of their keypoints is the prediction."""

    network = "pipeline.models.ensemble:Ensemble"

    name: Literal["ensemble"]
    of: Member = RefinedSettings(name="refined")
    members: Annotated[
        int, Field(ge=2, le=16, description="networks; training and prediction take as many times as long")
    ] = 3

    @property
    def heads(self) -> tuple[str, ...]:
        """Those of a member."""
        return self.of.heads

    @property
    def learns_after(self) -> dict[str, str]:
        """As for a member."""
        return self.of.learns_after

    @property
    def differentiable(self) -> bool:
        """As for a member."""
        return self.of.differentiable

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        if isinstance(self.of, RefinedSettings) and self.of.apart_px:
            return "is an ensemble of networks with apart_px, which gives names to markers; set it to 0"
        return self.of.misfit(problem)
