"""Weights of another network taken over, tensor by tensor, where name and shape agree.

Taken are parameters and the statistics of batch normalisation. What a network learns from its labels beforehand (where
keypoints usually are, how frequent classes are) is its own problem's and stays. Where only the channels of the input
differ, a first layer is taken all the same: of RGB's weights a gray image needs the sum, and RGB a third of gray's
weights for each channel; either way a gray picture gives the same answer.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.modules.batchnorm import _NormBase
from torchvision.ops import FrozenBatchNorm2d

from heelstrike.errors import UserError
from pipeline.models.network import Network

_GRAY, _RGB = 1, 3


class NothingTakenError(UserError):
    """None of the other network's tensors fits."""


@dataclass(frozen=True)
class Taken:
    """What a network started from.

    Attributes:
        tensors: Taken.
        of_tensors: That the network has.
        parameters: Numbers that learn in those taken; statistics are none.
        of_parameters: That the network has.
        adapted: Names of those whose input channels were adapted, among the taken.
        left: Name of each tensor that was not taken to the reason.
        unused: Tensors of the other network that this one has no place for.
    """

    tensors: int
    of_tensors: int
    parameters: int
    of_parameters: int
    adapted: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    unused: int = 0

    def line(self) -> str:
        """`120 of 130 tensors, 1.20 of 1.25 M parameters`."""
        millions = f"{self.parameters / 1e6:.2f} of {self.of_parameters / 1e6:.2f} M parameters"
        return f"{self.tensors} of {self.of_tensors} tensors, {millions}"

    def summary(self) -> dict[str, Any]:
        """As summary.json has it."""
        return vars(self)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        UserError: It is none.
    """
    try:
        tensors: dict[str, Tensor] = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not weights of a network ({error}); fetch them again") from None
    return tensors


def take_over(network: Network, weights: dict[str, Tensor], whose: str) -> Taken:
    """Put the weights that fit into a network; nothing is drawn from torch's random state.

    Args:
        network: Changed in place.
        weights: Of another network.
        whose: Its name, for the message.

    Raises:
        NothingTakenError: None fits.
    """
    learning = {id(parameter) for parameter in network.parameters()}
    tensors, adapted, left = _transferable(network), list[str](), dict[str, str]()
    parameters = 0
    with torch.no_grad():
        for name, own in tensors.items():
            other = weights.get(name)
            if other is None:
                left[name] = "not in it"
                continue
            value = other if other.shape == own.shape else _other_channels(other, own)
            if value is None:
                left[name] = f"its shape is {_shape(other)}, this one's {_shape(own)}"
                continue
            adapted += [name] if value is not other else []
            own.copy_(value)
            parameters += own.numel() if id(own) in learning else 0
    if not parameters:
        raise NothingTakenError(
            f"train.init_from: nothing of {whose} fits this network: none of its {len(weights)} tensors has name and "
            "shape of one here. Use the same architecture, or the same encoder, or set `init_from: null`"
        )
    unused = len(weights.keys() - tensors.keys())
    return _taken(network, tensors, parameters, adapted, left, unused)


def load_imagenet(network: Network) -> Taken:
    """Put ImageNet's weights into every encoder and extractor of a network.

    Raises:
        UserError: They are not on this machine.
    """
    filled = network.load_imagenet()
    inside = {id(own) for part in filled for own in (*part.parameters(), *part.buffers())}
    tensors = _transferable(network)
    left = {name: "not in ImageNet's network" for name, own in tensors.items() if id(own) not in inside}
    parameters = sum(own.numel() for own in network.parameters() if id(own) in inside)
    return _taken(network, tensors, parameters, [], left, 0)


def _taken(
    network: Network, tensors: dict[str, Tensor], parameters: int, adapted: list[str], left: dict[str, str], unused: int
) -> Taken:
    total = sum(parameter.numel() for parameter in network.parameters())
    return Taken(len(tensors) - len(left), len(tensors), parameters, total, adapted, left, unused)


def _transferable(network: Network) -> dict[str, Tensor]:
    """Parameters and the statistics of batch normalisation, by name."""
    norms = tuple(name for name, layer in network.named_modules() if isinstance(layer, _NormBase | FrozenBatchNorm2d))
    buffers = {name: buffer for name, buffer in network.named_buffers() if name.rpartition(".")[0] in norms}
    return dict[str, Tensor](network.named_parameters()) | buffers


def _other_channels(other: Tensor, own: Tensor) -> Tensor | None:
    """A convolution's weights for gray instead of RGB or the other way round; nothing where more is different."""
    if other.ndim != 4 or other.shape[0] != own.shape[0] or other.shape[2:] != own.shape[2:]:
        return None
    channels = (other.shape[1], own.shape[1])
    if channels == (_RGB, _GRAY):
        return other.sum(dim=1, keepdim=True)
    return other.expand_as(own) / _RGB if channels == (_GRAY, _RGB) else None


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
