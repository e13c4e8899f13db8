"""A backbone and a head that says the class of the picture: the published ankle networks and any other."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.models.backbones import build_backbone
from pipeline.models.blocks import FullyConnectedHead, normalised
from pipeline.models.network import Network, Predictions
from pipeline.models.settings import ClassifierSettings
from pipeline.problem import Problem


class Classifier(Network):
    """Raw output: `class` (N, C) logits.

    Attributes:
        temperature: What logits are divided by, so that a probability is a frequency (Guo et al. 2017, "On Calibration
            of Modern Neural Networks"); 1 until it is fitted on the validation split.
        shares: Of each class among the training images; equal until they are known.
    """

    temperature: Float[Tensor, ""]
    shares: Float[Tensor, " C"]

    def __init__(self, problem: Problem, settings: ClassifierSettings) -> None:
        super().__init__(problem, settings)
        size, kinds = problem.input, len(problem.classes)
        self.backbone = build_backbone(settings.backbone, size.channels)
        multiple, pooled = self.backbone.multiple, settings.pool == "average"
        rows, columns = (1, 1) if pooled else (-(-size.height // multiple), -(-size.width // multiple))
        features = self.backbone.channels * rows * columns
        self.pool = nn.AdaptiveAvgPool2d(1) if pooled else nn.Identity()
        self.classes = (
            FullyConnectedHead(features, settings.hidden, kinds, settings.dropout)
            if settings.hidden
            else nn.Sequential(nn.Flatten(), nn.Dropout(settings.dropout), nn.Linear(features, kinds))
        )
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("shares", torch.full((kinds,), 1 / kinds))
        self.heads = {"class": [self.pool, self.classes]}

    def learn_classes(self, classes: Int[Tensor, " N"]) -> None:
        """See `Network.learn_classes`."""
        counts = torch.bincount(classes[classes >= 0], minlength=len(self.shares)).float()
        self.shares.copy_(counts / counts.sum())

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """See `Network.forward`."""
        features = self.backbone(normalised(pixels, self.backbone.multiple))
        return {"class": self.classes(self.pool(features)).float()}

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """See `Network.read_out`."""
        return {"probabilities": torch.softmax(raw["class"] / self.temperature, dim=-1)}
