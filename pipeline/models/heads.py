"""Fully connected heads: a map of features to raw outputs, by name."""

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
    """Says the box.

    Args:
        shape: Channels, rows and columns of the map.
        hidden: Width of the hidden layer.
        dropout: Before the last layer.
        separate: A residual block of its own first.
    """

    def __init__(self, shape: tuple[int, int, int], hidden: int, dropout: float, separate: bool = False) -> None:
        super().__init__(shape, 4, hidden, dropout, separate)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """`box`: (N, 4), what the box codec takes."""
        return {"box": self.connected(self.own(features))}


class KeypointHead(_Head):
    """Says the coordinates and presence of K keypoints; arguments as of `BoxHead`."""

    def __init__(
        self, shape: tuple[int, int, int], points: int, hidden: int, dropout: float, separate: bool = False
    ) -> None:
        super().__init__(shape, 3 * points, hidden, dropout, separate)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """`keypoints`: (N, K, 2), -1 and 1 at the edges of what the map shows; `presence`: (N, K) logits."""
        points = self.connected(self.own(features)).unflatten(1, (-1, 3))
        return {"keypoints": points[..., :2], "presence": points[..., 2]}
