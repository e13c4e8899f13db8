"""Network (a): the published multi-headed network with fully connected heads."""

from torch import Tensor, nn

from pipeline.models.blocks import FullyConnectedHead, ResidualBlock, bottleneck, normalised, stem
from pipeline.models.codecs import Coordinates, Grid
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import MultiHeadSettings
from pipeline.problem import Problem


class MultiHead(KeypointNetwork):
    """Residual blocks with max-pooling and 1x1 bottlenecks between; box and keypoint heads fully connected."""

    def __init__(self, problem: Problem, settings: MultiHeadSettings) -> None:
        size, channels = problem.input, settings.channels
        super().__init__(problem, settings, Coordinates(Grid(size.width, size.height)))
        self.multiple = settings.multiple
        layers: list[nn.Module] = [stem(size.channels, channels[0], settings.stride)]
        for here, below in zip(channels, [*channels[1:], channels[-1]], strict=True):
            layers += [ResidualBlock(here), nn.MaxPool2d(2), bottleneck(here, below)]
        self.backbone = nn.Sequential(*layers)
        rows, columns = -(-size.height // self.multiple), -(-size.width // self.multiple)
        features, points = channels[-1] * rows * columns, len(problem.keypoints)
        self.box_head = FullyConnectedHead(features, settings.hidden, 4, settings.dropout)
        self.keypoint_head = FullyConnectedHead(features, settings.hidden, 3 * points, settings.dropout)
        self.heads = {"box": [self.box_head], "keypoints": [self.keypoint_head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """See `KeypointNetwork.forward`."""
        features = self.backbone(normalised(pixels, self.multiple))
        points = self.keypoint_head(features).unflatten(1, (-1, 3))
        return {"keypoints": points[..., :2], "presence": points[..., 2], "box": self.box_head(features)}
