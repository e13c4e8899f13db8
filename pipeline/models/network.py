"""Base classes of the networks, from pixels to raw head outputs or predictions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from pipeline.models.backbones.base import Backbone
from pipeline.models.codecs import BoxCodec, Codec
from pipeline.models.settings import ModelSettings
from pipeline.problem import Problem

Predictions = dict[str, Tensor]
"""The predictions of a network for N images, by output; pipeline/heads/HEAD describes the outputs of each head."""


class Network(nn.Module, ABC):
    """Base of the architectures. A subclass makes its layers, implements `forward` and sets `heads`.

    Args:
        problem: Labels to learn, and the input size.
        settings: Settings of the architecture.
    """

    # set by a subclass: each of its heads (pipeline/heads) -> the layers that only this head uses
    heads: dict[str, list[nn.Module]]
    # layers that are never trained
    fixed: Sequence[nn.Module] = ()

    def __init__(self, problem: Problem, settings: ModelSettings) -> None:
        super().__init__()
        self.problem, self.settings = problem, settings

    @abstractmethod
    def forward(self, pixels: UInt8[Tensor, "N H W C"]) -> dict[str, Tensor]:
        """Compute the raw head outputs.

        Args:
            pixels: Images of the problem's input size and channels. The network normalises them.

        Returns:
            The raw outputs by name, as the network's `read_out` and losses need them.
        """

    def load_imagenet(self) -> list[nn.Module]:
        """Load ImageNet's weights into every encoder and extractor and return these; used by `train.init_from`.

        Raises:
            UserError: The weights are not on this machine.
        """
        return [part for module in self.modules() if isinstance(module, Backbone) for part in module.load_imagenet()]

    def load_published(self) -> None:
        """Load the published weights that the architecture needs. It is called on every network before training.

        Raises:
            UserError: The weights are not in torch's cache.
        """

    def learn_labels(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """Learn statistics of the labelled keypoints before training; most networks learn nothing here.

        Args:
            keypoints: (x, y) in input pixels of all training images; any value where not labelled.
            labelled: True for labelled keypoints.
        """

    def learn_classes(self, classes: Int[Tensor, " N"]) -> None:
        """Learn statistics of the training images' classes (indices, -1 where there is no label) before training."""

    def own_losses(
        self,
        raw: dict[str, Tensor],
        keypoints: Float[Tensor, "N K 2"],
        visibility: UInt8[Tensor, "N K"],
        boxes: Float[Tensor, "N 4"],
    ) -> dict[str, Tensor]:
        """Return the losses of a network that needs the labels to choose what it learns from.

        Args:
            raw: Raw outputs in training mode.
            keypoints: Input pixels, finite.
            visibility: COCO's 0, 1, 2.
            boxes: x, y, width, height in input pixels.

        Returns:
            Mean losses `keypoints`, `presence` and `box`; empty if the losses of the codecs are used.
        """
        return {}

    def predict(self, pixels: UInt8[Tensor, "N H W C"]) -> Predictions:
        """Return predictions for images. This is the graph that is exported."""
        return self.read_out(self(pixels))

    @abstractmethod
    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Convert raw head outputs to predictions."""


class KeypointNetwork(Network):
    """Base of the networks for one instance: its box, its keypoints, or both.

    The raw outputs are, for each head that the network has: `keypoints`, which `codec` decodes; `presence` (N, K), the
    logits of the keypoints' visibility; `box` (N, 4), which the box codec decodes.

    Args:
        problem: Keypoints and input size.
        settings: Settings of the architecture.
        codec: Codec of the raw output `keypoints`.
    """

    def __init__(self, problem: Problem, settings: ModelSettings, codec: Codec) -> None:
        super().__init__(problem, settings)
        self.codec = codec
        self.box_codec = BoxCodec(problem.input.width, problem.input.height)

    def keypoint_loss(self, raw: dict[str, Tensor], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the loss of each point. The caller masks missing points, whose coordinates must still be finite."""
        return self.codec.loss(raw["keypoints"], keypoints)

    def read_points(self, raw: dict[str, Tensor]) -> Float[Tensor, "N K 2"]:
        """Return the keypoints of raw head outputs in input pixels."""
        return self.codec.decode(raw["keypoints"])

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Convert raw head outputs to predictions of keypoints and box."""
        predictions: Predictions = {}
        if "keypoints" in self.heads:
            predictions |= {"keypoints": self.read_points(raw), "confidence": torch.sigmoid(raw["presence"].float())}
        if "box" in self.heads:
            predictions["boxes"] = self.box_codec.decode(raw["box"])
        return predictions
