"""What every network is: pixels in, raw head outputs or predictions out."""

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
"""What a network predicts for N images: the outputs of its heads by name; pipeline/heads/HEAD says what each is."""


class Network(nn.Module, ABC):
    """Base of the architectures: a subclass makes its layers, `forward`, and says which layers serve which head.

    Args:
        problem: What is to be learned, and the input size.
        settings: The architecture's own settings.
    """

    # set by a subclass: each head that it has (pipeline/heads), and the layers that only that head uses
    heads: dict[str, list[nn.Module]]
    # layers that never learn
    fixed: Sequence[nn.Module] = ()

    def __init__(self, problem: Problem, settings: ModelSettings) -> None:
        super().__init__()
        self.problem, self.settings = problem, settings

    @abstractmethod
    def forward(self, pixels: UInt8[Tensor, "N H W C"]) -> dict[str, Tensor]:
        """Raw head outputs.

        Args:
            pixels: Images of the problem's input size and channels; normalisation happens inside.

        Returns:
            Whatever the network's own `read_out` and losses take.
        """

    def load_imagenet(self) -> list[nn.Module]:
        """Put ImageNet's weights into every encoder and extractor, and give those; where `train.init_from` says so.

        Raises:
            UserError: They are not on this machine.
        """
        return [part for module in self.modules() if isinstance(module, Backbone) for part in module.load_imagenet()]

    def load_published(self) -> None:
        """Put in the published weights that the layers are made for; called on every network that is to learn.

        Raises:
            UserError: They are not in torch's cache.
        """

    def learn_labels(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """What a network takes from the training labels before it is trained; most take nothing.

        Args:
            keypoints: (x, y) in input pixels of all training images; anything where not labelled.
            labelled: Which of them are.
        """

    def learn_classes(self, classes: Int[Tensor, " N"]) -> None:
        """The same for the numbers of the training images' classes."""

    def own_losses(
        self,
        raw: dict[str, Tensor],
        keypoints: Float[Tensor, "N K 2"],
        visibility: UInt8[Tensor, "N K"],
        boxes: Float[Tensor, "N 4"],
    ) -> dict[str, Tensor]:
        """Losses of a network that needs the labels to choose what it learns from; none: its codecs' are meant.

        Args:
            raw: Its outputs while it learns.
            keypoints: Input pixels, finite.
            visibility: COCO's 0, 1, 2.
            boxes: x, y, width, height in input pixels.

        Returns:
            `keypoints`, `presence` and `box`, each a mean; or nothing.
        """
        return {}

    def predict(self, pixels: UInt8[Tensor, "N H W C"]) -> Predictions:
        """Read-out predictions; the graph that is exported."""
        return self.read_out(self(pixels))

    @abstractmethod
    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Predictions from raw head outputs."""


class KeypointNetwork(Network):
    """Base of the networks for one instance: its box, its keypoints, or both.

    Raw outputs of each head that the network has: `keypoints`: what the codec takes; `presence`: (N, K) logits that the
    keypoint is visible; `box`: (N, 4), what the box codec takes.

    Args:
        problem: Keypoints and input size.
        settings: The architecture's own settings.
        codec: How keypoints are written to and read from the output `keypoints`.
    """

    def __init__(self, problem: Problem, settings: ModelSettings, codec: Codec) -> None:
        super().__init__(problem, settings)
        self.codec = codec
        self.box_codec = BoxCodec(problem.input.width, problem.input.height)

    def keypoint_loss(self, raw: dict[str, Tensor], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Loss of each point; the caller masks out the missing ones (whose coordinates must still be finite)."""
        return self.codec.loss(raw["keypoints"], keypoints)

    def read_points(self, raw: dict[str, Tensor]) -> Float[Tensor, "N K 2"]:
        """Keypoints in input pixels from raw head outputs."""
        return self.codec.decode(raw["keypoints"])

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Predictions from raw head outputs."""
        found: Predictions = {}
        if "keypoints" in self.heads:
            found |= {"keypoints": self.read_points(raw), "confidence": torch.sigmoid(raw["presence"].float())}
        if "box" in self.heads:
            found["boxes"] = self.box_codec.decode(raw["box"])
        return found
