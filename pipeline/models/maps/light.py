"""HeatmapNet and RegressionNet: the same light encoder, followed by a decoder or by fully connected layers."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.base import Backbone
from pipeline.models.blocks import ConvBlock, normalised
from pipeline.models.codecs import Coordinates, Grid
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import ConfigurationSettings, HeatmapNetSettings, RegressionNetSettings
from pipeline.problem import Problem


class Encoder(nn.ModuleList):
    """Blocks of a 3x3 convolution, batch normalisation, ReLU and max-pooling."""

    def __init__(self, inputs: int, channels: tuple[int, ...]) -> None:
        widths = itertools.pairwise((inputs, *channels))
        super().__init__(nn.Sequential(ConvBlock(a, b), nn.MaxPool2d(2)) for a, b in widths)

    def forward(self, images: Float[Tensor, "N C H W"]) -> list[Tensor]:
        """Return the map of each block; each is half as large as the one before."""
        maps = []
        for block in self:
            images = block(images)
            maps.append(images)
        return maps


class EncoderDecoder(Backbone):
    """The encoder, and transposed convolutions back to the maps' resolution, with optional skip connections."""

    def __init__(self, settings: HeatmapNetSettings | ConfigurationSettings, size: InputSize) -> None:
        channels, last = settings.channels, int(settings.stride).bit_length() - 1
        super().__init__(channels[max(last - 1, 0)], settings.stride)
        self.skips = not isinstance(settings, HeatmapNetSettings) or settings.skips
        self.encoder = Encoder(size.channels, channels)
        inputs, up = channels[-1], list[nn.Module]()
        for level in reversed(range(last, len(channels))):  # number of halvings of the map that the layer makes
            outputs = channels[max(level - 1, 0)]
            up.append(enlarge(inputs, outputs))
            inputs = 2 * outputs if self.skips else outputs
        self.up = nn.ModuleList(up)

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the decoder's map."""
        *finer, x = self.encoder(images)
        for number, enlarged in enumerate(self.up):
            x = enlarged(x)
            if self.skips and number < len(self.up) - 1:
                x = torch.cat([x, finer[-1 - number]], dim=1)
        return x


class RegressionNet(KeypointNetwork):
    """The encoder's last map, averaged over the image, then fully connected layers to coordinates."""

    def __init__(self, problem: Problem, settings: RegressionNetSettings) -> None:
        size = problem.input
        super().__init__(problem, settings, Coordinates(Grid(size.width, size.height)))
        self.encoder = Encoder(size.channels, settings.channels)
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        for inputs, outputs in itertools.pairwise((settings.channels[-1], *settings.hidden)):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True), nn.Dropout(settings.dropout)]
        self.connected = nn.Sequential(*layers, nn.Linear(settings.hidden[-1], 3 * len(problem.keypoints)))
        self.multiple = 2 ** len(settings.channels)
        self.heads = {"keypoints": [self.connected]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return coordinates and logits of visibility."""
        features = self.encoder(normalised(pixels, self.multiple))[-1]
        points = self.connected(features).unflatten(1, (-1, 3))
        return {"keypoints": points[..., :2], "presence": points[..., 2]}


def enlarge(inputs: int, outputs: int) -> nn.Sequential:
    """Make a transposed convolution to twice the size, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
