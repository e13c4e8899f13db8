"""Base class of the backbones."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """A network from an image to one feature map.

    Args:
        channels: Number of channels of the map.
        multiple: Input pixels per cell of the map, in x and in y.
    """

    def __init__(self, channels: int, multiple: int) -> None:
        super().__init__()
        self.channels, self.multiple = channels, multiple

    @abstractmethod
    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the features of images from `normalised`, whose H and W are multiples of `multiple`."""

    def load_imagenet(self) -> list[nn.Module]:
        """Load ImageNet's weights, if the backbone has any, and return the layers that got them.

        Raises:
            UserError: The weights are not on this machine.
        """
        return []
