"""The temporal networks: an LSTM and a small Transformer over a window of frames."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

_FINER = 10.0  # factor of movements between frames, which are small shares of the size
_USUAL_SPREAD = 0.005  # shares; about one pixel of legs that fill a small input
_LARGEST_LOG = 5.0  # e to this is how many times larger or smaller a spread can be


class Answer(NamedTuple):
    """The keypoints of the middle frames of N windows, in shares of their size.

    Attributes:
        points: Places.
        spread: Expected distance of each from its true place.
    """

    points: Float[Tensor, "N K 2"]
    spread: Float[Tensor, "N K"]


class Temporal(nn.Module, ABC):
    """Corrects the keypoints of a window's middle frame. Before training it changes nothing.

    The input are the windows of `heelstrike.preprocess.windows`. The network sees places, their differences to the
    middle frame, and confidences.

    Args:
        points: Number of keypoints.
        width: Width of the hidden layers.
    """

    def __init__(self, points: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(5 * points, width)
        self.shift = nn.Linear(width, 2 * points)
        self.spread = nn.Linear(width, points)
        for layer in (self.shift, self.spread):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @abstractmethod
    def mix(self, frames: Float[Tensor, "N W width"]) -> Float[Tensor, "N width"]:
        """Combine the features of all frames to those of the middle frame."""

    def forward(self, points: Float[Tensor, "N W K 2"], confidence: Float[Tensor, "N W K"]) -> Answer:
        """Return places and spreads of the middle frames' keypoints."""
        middle = points.shape[1] // 2
        steps = _FINER * (points - points[:, middle : middle + 1])
        mixed = self.mix(self.read(torch.cat([points.flatten(2), steps.flatten(2), confidence], dim=2)))
        shift = self.shift(mixed).unflatten(1, (-1, 2))
        size = _USUAL_SPREAD * self.spread(mixed).clamp(-_LARGEST_LOG, _LARGEST_LOG).exp()
        return Answer(points[:, middle] + shift, size)


class Lstm(Temporal):
    """A bidirectional LSTM (Hochreiter and Schmidhuber 1997) over the frames."""

    def __init__(self, points: int, frames: int, width: int = 64) -> None:
        super().__init__(points, width)
        self.lstm = nn.LSTM(width, width // 2, num_layers=2, batch_first=True, bidirectional=True)

    def mix(self, frames: Tensor) -> Tensor:
        """Return the LSTM's output at the middle frame."""
        return torch.as_tensor(self.lstm(frames)[0][:, frames.shape[1] // 2])


class Transformer(Temporal):
    """Two encoder layers (Vaswani et al. 2017) with a learned position embedding for each frame."""

    def __init__(self, points: int, frames: int, width: int = 64) -> None:
        super().__init__(points, width)
        self.places = nn.Parameter(0.02 * torch.randn(frames, width))
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def mix(self, frames: Tensor) -> Tensor:
        """Return the encoder's output at the middle frame."""
        return torch.as_tensor(self.encoder(frames + self.places)[:, frames.shape[1] // 2])


TEMPORAL: dict[str, type[Lstm] | type[Transformer]] = {"LSTM": Lstm, "Transformer": Transformer}
