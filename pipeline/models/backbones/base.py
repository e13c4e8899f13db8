"""What every backbone is."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """An image to one map of features.

    Args:
        channels: Of the map.
        multiple: Input pixels per cell of the map, in x and in y.
    """

    def __init__(self, channels: int, multiple: int) -> None:
        super().__init__()
        self.channels, self.multiple = channels, multiple

    @abstractmethod
    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Features of images as `normalised` makes them, H and W multiples of `multiple`."""

    def load_imagenet(self) -> list[nn.Module]:
        """Put in ImageNet's weights, where there are any for it; gives the layers that have them now.

        Raises:
            UserError: They are not on this machine.
        """
        return []
