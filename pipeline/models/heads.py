"""Fully connected heads from a feature map to raw outputs by name."""

from jaxtyping import Float
from torch import Tensor, nn

from pipeline.models.blocks import FullyConnectedHead, ResidualBlock


class _Head(nn.Module):
    def __init__(
        self, shape: tuple[int, int, int], outputs: int, hidden: int, dropout: float, separate: bool = False
    ) -> None:
        super().__init__()
        channels, rows, columns = shape
        self.own = ResidualBlock(channels) if separate else nn.Identity()
        self.connected = FullyConnectedHead(channels * rows * columns, hidden, outputs, dropout)


class BoxHead(_Head):
    """Predicts the box.

    Args:
        shape: Channels, rows and columns of the map.
        hidden: Width of the hidden layer.
        dropout: Dropout before the last layer.
        separate: True to put a residual block of its own in front.
    """

    def __init__(self, shape: tuple[int, int, int], hidden: int, dropout: float, separate: bool = False) -> None:
        super().__init__(shape, 4, hidden, dropout, separate)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """Return `box` (N, 4), the raw output that the box codec decodes."""
        return {"box": self.connected(self.own(features))}


class KeypointHead(_Head):
    """Predicts the coordinates and the visibility of K keypoints. The other arguments are those of `BoxHead`."""

    def __init__(
        self, shape: tuple[int, int, int], points: int, hidden: int, dropout: float, separate: bool = False
    ) -> None:
        super().__init__(shape, 3 * points, hidden, dropout, separate)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """Return `keypoints` (N, K, 2), -1 and 1 at the edges of the map's frame, and `presence` (N, K), logits."""
        points = self.connected(self.own(features)).unflatten(1, (-1, 3))
        return {"keypoints": points[..., :2], "presence": points[..., 2]}
