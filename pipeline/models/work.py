"""The work of a network."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from heelstrike.preprocess.settings import InputSize
from pipeline.models.network import Network


def flops(network: Network, size: InputSize) -> int:
    """Return the floating-point operations of the forward pass of one image; a multiplication and an addition are two.

    The modes of the network's layers and torch's random state stay as they are.
    """
    counter, modes = FlopCounterMode(display=False), [(layer, layer.training) for layer in network.modules()]
    pixels = torch.zeros(1, size.height, size.width, size.channels, dtype=torch.uint8)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), counter:
        network.eval()(pixels)
    for layer, training in modes:
        layer.training = training
    return int(counter.get_total_flops())
