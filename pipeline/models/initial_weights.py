"""Loading of another network's weights: each tensor whose name and shape agree.

Parameters and the statistics of batch normalisation are loaded. Values that a network learns from its labels beforehand
(usual positions of keypoints, frequencies of classes) belong to its own problem and are left. If only the number of
image channels differs, the first layer is adapted: a network for gray images gets the sum of the RGB weights, and each
channel of an RGB network gets a third of the gray weights. A gray image gives the same features either way.
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


class NothingLoadedError(UserError):
    """None of the other network's tensors fits."""


@dataclass(frozen=True)
class LoadedWeights:
    """Counts of the weights that were loaded into a network.

    Attributes:
        tensors: Number of loaded tensors.
        of_tensors: Number of tensors of the network.
        parameters: Number of loaded parameters; statistics do not count.
        of_parameters: Number of parameters of the network.
        adapted: Names of the loaded tensors whose image channels were adapted.
        left: Name of each tensor that was not loaded -> reason.
        unused: Number of tensors of the other network that this one does not have.
    """

    tensors: int
    of_tensors: int
    parameters: int
    of_parameters: int
    adapted: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    unused: int = 0

    def line(self) -> str:
        """Return `120 of 130 tensors, 1.20 of 1.25 M parameters`."""
        millions = f"{self.parameters / 1e6:.2f} of {self.of_parameters / 1e6:.2f} M parameters"
        return f"{self.tensors} of {self.of_tensors} tensors, {millions}"

    def summary(self) -> dict[str, Any]:
        """Return the counts as summary.json holds them."""
        return vars(self)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        tensors: dict[str, Tensor] = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not weights of a network ({error}); fetch them again") from None
    return tensors


def load_matching(network: Network, weights: dict[str, Tensor], source: str) -> LoadedWeights:
    """Load the weights that fit into a network. Torch's random state is not used.

    Args:
        network: Network that is changed in place.
        weights: Weights of another network, by name.
        source: Name of the other network, for the message.

    Raises:
        NothingLoadedError: None of the weights fits.
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
        raise NothingLoadedError(
            f"train.init_from: nothing of {source} fits this network: none of its {len(weights)} tensors has the name "
            "and shape of one here. Use the same architecture, or the same encoder, or set `init_from: null`"
        )
    unused = len(weights.keys() - tensors.keys())
    return _loaded(network, tensors, parameters, adapted, left, unused)


def load_imagenet(network: Network) -> LoadedWeights:
    """Load ImageNet's weights into every encoder and extractor of a network.

    Raises:
        UserError: The weights are not on this machine.
    """
    filled = network.load_imagenet()
    inside = {id(own) for part in filled for own in (*part.parameters(), *part.buffers())}
    tensors = _transferable(network)
    left = {name: "not in ImageNet's network" for name, own in tensors.items() if id(own) not in inside}
    parameters = sum(own.numel() for own in network.parameters() if id(own) in inside)
    return _loaded(network, tensors, parameters, [], left, 0)


def _loaded(
    network: Network, tensors: dict[str, Tensor], parameters: int, adapted: list[str], left: dict[str, str], unused: int
) -> LoadedWeights:
    total = sum(parameter.numel() for parameter in network.parameters())
    return LoadedWeights(len(tensors) - len(left), len(tensors), parameters, total, adapted, left, unused)


def _transferable(network: Network) -> dict[str, Tensor]:
    """Return the parameters and the statistics of batch normalisation, by name."""
    norms = tuple(name for name, layer in network.named_modules() if isinstance(layer, _NormBase | FrozenBatchNorm2d))
    buffers = {name: buffer for name, buffer in network.named_buffers() if name.rpartition(".")[0] in norms}
    return dict[str, Tensor](network.named_parameters()) | buffers


def _other_channels(other: Tensor, own: Tensor) -> Tensor | None:
    """Convert a convolution's weights between gray and RGB images; `None` if the shapes differ in more than that."""
    if other.ndim != 4 or other.shape[0] != own.shape[0] or other.shape[2:] != own.shape[2:]:
        return None
    channels = (other.shape[1], own.shape[1])
    if channels == (_RGB, _GRAY):
        return other.sum(dim=1, keepdim=True)
    return other.expand_as(own) / _RGB if channels == (_GRAY, _RGB) else None


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
