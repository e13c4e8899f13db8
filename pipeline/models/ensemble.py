"""Several networks of one kind, trained together from different random weights, whose mean is the prediction."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pipeline.models.build import build_model
from pipeline.models.codecs import Coordinates, Grid
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import EnsembleSettings
from pipeline.problem import Problem

Raw = dict[str, Tensor]


class Ensemble(KeypointNetwork):
    """Networks that see the same batches. Their errors differ, so their mean errs less than each of them.

    Each member learns its keypoints from its own loss, as if it were alone. Visibility and box are learned from the
    mean of the members' raw outputs. (Lakshminarayanan et al. 2017, arXiv:1612.01474)
    """

    def __init__(self, problem: Problem, settings: EnsembleSettings) -> None:
        made = [build_model(problem, settings.of) for _ in range(settings.members)]
        super().__init__(problem, settings, Coordinates(Grid(problem.input.width, problem.input.height)))
        self.members = nn.ModuleList(made)
        self.heads = {head: [layer for member in made for layer in member.heads[head]] for head in made[0].heads}

    def forward(self, pixels: Tensor) -> Raw:
        """Return the mean keypoints, `presence` and `box`; for the loss each member's outputs as `NUMBER.NAME`."""
        raws: list[Raw] = [{name: value.float() for name, value in member(pixels).items()} for member in self.members]
        points = [member.read_points(raw) for member, raw in zip(self._networks(), raws, strict=True)]
        means = {name: torch.stack([raw[name] for raw in raws]).mean(dim=0) for name in ("presence", "box")}
        own = {f"{number}.{name}": value for number, raw in enumerate(raws) for name, value in raw.items()}
        return own | means | {"keypoints": self.codec.encode(torch.stack(points).mean(dim=0))}

    def learn_labels(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """Let each member learn its statistics of the labelled keypoints."""
        for member in self._networks():
            member.learn_labels(keypoints, labelled)

    def keypoint_loss(self, raw: Raw, keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the mean of the members' losses of each point."""
        losses = []
        for number, member in enumerate(self._networks()):
            own = f"{number}."
            part = {name.removeprefix(own): value for name, value in raw.items() if name.startswith(own)}
            losses.append(member.keypoint_loss(part, keypoints))
        return torch.stack(losses).mean(dim=0)

    def _networks(self) -> list[KeypointNetwork]:
        return [member for member in self.members if isinstance(member, KeypointNetwork)]
