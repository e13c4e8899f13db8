"""Building blocks that the architectures share: convolution, residual block, 1x1 bottleneck, fully connected head."""

import functools

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from heelstrike.preprocess.settings import PAD_VALUE

_BRIGHT = 160.0  # level of the brightest hundredth of a dark image after it is brightened
_LARGEST_GAIN = 12.0


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation (or a bias instead), ReLU. The map keeps its size if the stride is 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, norm: bool = True) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=not norm),
            *([nn.BatchNorm2d(outputs)] if norm else []),
            nn.ReLU(inplace=True),
        )


def bottleneck(inputs: int, outputs: int, norm: bool = True) -> ConvBlock:
    """Make a 1x1 convolution that changes the number of channels."""
    return ConvBlock(inputs, outputs, kernel=1, norm=norm)


class ResidualBlock(nn.Module):
    """conv3-BN-ReLU-conv3-BN plus the skip connection, then ReLU (He et al. 2016). Channels and size stay the same."""

    def __init__(self, channels: int, norm: bool = True) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels, norm=norm)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(channels) if norm else nn.Identity()

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """Map (N, C, H, W) to the same shape."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


def stem(inputs: int, outputs: int, stride: int, norm: bool = True) -> nn.Sequential:
    """Make the first layers: a 3x3 convolution of stride 2 for each halving, and one of stride 1 after the first.

    The finest map gets two layers, because details of a few pixels must be recognised before the resolution is lost.

    Args:
        inputs: Number of image channels.
        outputs: Number of channels of the map. Larger maps have half of them, but at least 16.
        stride: Input pixels per cell of the map, a power of two.
        norm: True for batch normalisation after every convolution.
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

    The weights of the output layer start at zero, so that the first outputs are 0 (for coordinates the image centre)
    and the first gradients are not random.
    """

    def __init__(self, features: int, hidden: int, outputs: int, dropout: float) -> None:
        last = nn.Linear(hidden, outputs)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        super().__init__(nn.Flatten(), nn.Linear(features, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout), last)


def normalised(pixels: Tensor, multiple: int) -> Float[Tensor, "N C H W"]:
    """Normalise pixels to the networks' input: zero-centred and padded to a multiple.

    Args:
        pixels: (N, H, W, C) in 0..255, any type.
        multiple: Height and width are padded to the next multiple of it, on the right and at the bottom, so that pixel
            coordinates do not change.

    Returns:
        (N, C, H', W') float in [-2, 2]. The padding is 0, which is mid gray.
    """
    return centred(planes(pixels), multiple)


def planes(pixels: Tensor) -> Float[Tensor, "N C H W"]:
    """Return the colours of pixels (N, H, W, C) in 0..255, any type, as one plane each."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32)


def centred(images: Float[Tensor, "N C H W"], multiple: int) -> Float[Tensor, "N C H W"]:
    """Do what `normalised` does, with planes in 0..255."""
    x = images * (1 / 63.75) - 2
    height, width = images.shape[2:]
    right, below = -width % multiple, -height % multiple
    return functional.pad(x, (0, right, 0, below)) if right or below else x


def brightened(images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
    """Brighten dark images, so that their brightest hundredth is bright; padding and other images stay as they are.

    It works on planes, one after the other, since ONNX Runtime takes several times as long to broadcast or to reduce
    over the three colours of each pixel.

    Args:
        images: Planes in 0..255.
    """
    colours = images.unbind(dim=1)
    inside = functools.reduce(torch.logical_or, (colour != PAD_VALUE for colour in colours))
    mean = functools.reduce(torch.add, colours) / len(colours)
    cells = functional.avg_pool2d((mean * inside)[:, None], 8).flatten(1)
    level = cells.topk(max(cells.shape[1] // 100, 1), dim=1).values[:, -1]
    gain = (_BRIGHT / level.clamp_min(1.0)).clamp(1.0, _LARGEST_GAIN)[:, None, None]
    factor = torch.where(inside, gain, torch.ones_like(gain))
    return (images * factor[:, None]).clamp_max(255)
