"""Building blocks that the architectures share: convolution, residual block, 1x1 bottleneck, fully connected head."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation (or a bias in its place), ReLU; the map keeps its size when stride is 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, norm: bool = True) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=not norm),
            *([nn.BatchNorm2d(outputs)] if norm else []),
            nn.ReLU(inplace=True),
        )


def bottleneck(inputs: int, outputs: int, norm: bool = True) -> ConvBlock:
    """1x1 convolution that changes the number of channels."""
    return ConvBlock(inputs, outputs, kernel=1, norm=norm)


class ResidualBlock(nn.Module):
    """conv3-BN-ReLU-conv3-BN plus the skip connection, then ReLU (He et al. 2016); channels and size stay."""

    def __init__(self, channels: int, norm: bool = True) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels, norm=norm)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(channels) if norm else nn.Identity()

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """Map (N, C, H, W) to the same shape."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


def stem(inputs: int, outputs: int, stride: int, norm: bool = True) -> nn.Sequential:
    """First layers: a 3x3 convolution of stride 2 for each halving of the image, another one after the first.

    What is a few pixels large must be told apart before its resolution is lost, so the finest maps get two layers.

    Args:
        inputs: Image channels.
        outputs: Channels of the map; while the map is larger, 16 or half of them if that is more.
        stride: Input pixels per cell of the map, a power of two.
        norm: Batch normalisation after every convolution.
    """
    halvings = stride.bit_length() - 1
    if halvings == 0:
        return nn.Sequential(ConvBlock(inputs, outputs, norm=norm))
    fine = outputs if halvings == 1 else max(outputs // 2, 16)
    later = [ConvBlock(fine, fine, stride=2, norm=norm) for _ in range(halvings - 2)]
    last = [ConvBlock(fine, outputs, stride=2, norm=norm)] if halvings > 1 else []
    first = [ConvBlock(inputs, fine, stride=2, norm=norm), ConvBlock(fine, fine, norm=norm)]
    return nn.Sequential(*first, *later, *last)


class FullyConnectedHead(nn.Sequential):
    """Flatten, one hidden layer with ReLU and dropout, linear output.

    The output layer starts at zero weights, so that the first predictions are the output's resting value (for
    coordinates the image centre) and the first gradients are not random.
    """

    def __init__(self, features: int, hidden: int, outputs: int, dropout: float) -> None:
        last = nn.Linear(hidden, outputs)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        super().__init__(nn.Flatten(), nn.Linear(features, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout), last)


def normalised(pixels: Tensor, multiple: int) -> Float[Tensor, "N C H W"]:
    """Pixels as the networks take them: zero-centred, padded to what they can halve.

    Args:
        pixels: (N, H, W, C) in 0..255, any type.
        multiple: Height and width are padded on the right and at the bottom to the next multiple, so that pixel
            coordinates stay what they are.

    Returns:
        (N, C, H', W') float in [-2, 2]; the padding is 0, mid gray.
    """
    x = pixels.permute(0, 3, 1, 2).to(torch.float32) * (1 / 63.75) - 2
    height, width = pixels.shape[1:3]
    right, below = -width % multiple, -height % multiple
    return functional.pad(x, (0, right, 0, below)) if right or below else x
