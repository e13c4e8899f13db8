"""The temporal networks: an LSTM and a small Transformer over a window of frames."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

_SMALLEST = 1.0  # smallest side of a box in pixels, as a divisor
_FINER = 10.0  # factor of movements between frames, which are small shares of the box


class Temporal(nn.Module, ABC):
    """Corrects the keypoints of a window's middle frame. Before training it changes nothing.

    The input are keypoints as shares of the middle frame's box, so that neither the position nor the size of the person
    matters; their differences to the middle frame; and their confidences. The output is a shift in the same shares.

    Args:
        points: Number of keypoints.
        width: Width of the hidden layers.
    """

    def __init__(self, points: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(5 * points, width)
        self.shift = nn.Linear(width, 2 * points)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    @abstractmethod
    def mix(self, frames: Float[Tensor, "N W width"]) -> Float[Tensor, "N width"]:
        """Combine the features of all frames to those of the middle frame."""

    def forward(
        self, keypoints: Float[Tensor, "N W K 2"], confidence: Float[Tensor, "N W K"], boxes: Float[Tensor, "N W 4"]
    ) -> Float[Tensor, "N K 2"]:
        """Return the corrected keypoints of the middle frame in input pixels."""
        middle = keypoints.shape[1] // 2
        corner, size = boxes[:, middle, None, None, :2], boxes[:, middle, None, None, 2:].clamp_min(_SMALLEST)
        shares = (keypoints - corner - size / 2) / size
        steps = _FINER * (shares - shares[:, middle : middle + 1])
        features = torch.cat([shares.flatten(2), steps.flatten(2), confidence], dim=2)
        shift = self.shift(self.mix(self.read(features))).unflatten(1, (-1, 2))
        return keypoints[:, middle] + shift * size[:, 0]


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
