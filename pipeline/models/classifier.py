"""Classifiers of a backbone and a class head, such as the published ankle networks."""

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
        temperature: Divisor of the logits that calibrates probabilities (Guo et al. 2017, "On Calibration of Modern
            Neural Networks"); 1 until it is fitted on the validation split.
        shares: Share of each class among the training images; equal until `learn_classes` is called.
    """

    temperature: Float[Tensor, ""]
    shares: Float[Tensor, " C"]

    def __init__(self, problem: Problem, settings: ClassifierSettings) -> None:
        super().__init__(problem, settings)
        size, classes = problem.input, len(problem.classes)
        self.backbone = build_backbone(settings.backbone, size.channels)
        multiple, pooled = self.backbone.multiple, settings.pool == "average"
        rows, columns = (1, 1) if pooled else (-(-size.height // multiple), -(-size.width // multiple))
        features = self.backbone.channels * rows * columns
        self.pool = nn.AdaptiveAvgPool2d(1) if pooled else nn.Identity()
        self.classes = (
            FullyConnectedHead(features, settings.hidden, classes, settings.dropout)
            if settings.hidden
            else nn.Sequential(nn.Flatten(), nn.Dropout(settings.dropout), nn.Linear(features, classes))
        )
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("shares", torch.full((classes,), 1 / classes))
        self.heads = {"class": [self.pool, self.classes]}

    def learn_classes(self, classes: Int[Tensor, " N"]) -> None:
        """Store the share of each class among the labelled training images."""
        counts = torch.bincount(classes[classes >= 0], minlength=len(self.shares)).float()
        self.shares.copy_(counts / counts.sum())

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the logits of the classes."""
        features = self.backbone(normalised(pixels, self.backbone.multiple))
        return {"class": self.classes(self.pool(features)).float()}

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Return calibrated probabilities of the classes."""
        return {"probabilities": torch.softmax(raw["class"] / self.temperature, dim=-1)}
