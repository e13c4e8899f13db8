"""A batch computed in parts at the same time, each by a thread with a copy of the network that shares its weights.

Two threads within the operators of a network wait for each other some hundred times in a batch. Threads that have a
part of the batch each wait twice, so they are faster on an idle machine and lose little on a busy one
(benchmarks/busy.py). Batch normalisation is over a part; the network's running statistics are those of the first part,
as torch's DistributedDataParallel has it. Losses depend on the number of parts, never on the cores or the load.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import torch
from jaxtyping import UInt8
from torch import Generator, Tensor

from heelstrike.errors import UserError
from pipeline.heads.arrays import Batch
from pipeline.models.network import Network
from pipeline.train.draws import Draws
from pipeline.train.heads import predict

T = TypeVar("T")
# computes the weighted sum of losses and the losses by name, given a network, its raw outputs and their batch
Losses = Callable[[Network, dict[str, Tensor], Batch], tuple[Tensor, dict[str, Tensor]]]


class Parts:
    """The networks and threads of an epoch's parts.

    Args:
        network: The network that learns, with its modes as the epoch needs them.
        seeds: Seed of each part's random numbers; as many parts as seeds, at least 2.
    """

    def __init__(self, network: Network, seeds: Sequence[int]) -> None:
        self._networks = [network, *(_sharing(network) for _ in seeds[1:])]
        device = next(network.parameters()).device
        self._draws = [Draws(Generator(device).manual_seed(seed)) for seed in seeds]
        threads = torch.get_num_threads()  # new threads would have torch's default, one for each core
        self._pool = ThreadPoolExecutor(len(seeds) - 1, "part", lambda: torch.set_num_threads(threads))
        self._found: list[Tensor] = []
        self._shown: list[Tensor] = []

    def losses(self, compute: Losses, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, the mean over its images of the parts' losses, and the same of the named losses.

        Raises:
            UserError: The network draws random numbers whose order depends on the threads' timing.
        """
        count, rows = len(self._networks), len(batch.pixels)
        sizes = [(number + 1) * rows // count - number * rows // count for number in range(count)]
        device = batch.pixels.device
        cast, before = _autocast(device.type), _random_state(device)

        def part(number: int, own: Batch) -> tuple[Tensor, dict[str, Tensor]]:
            with self._draws[number], torch.autocast(**cast):
                network = self._networks[number]
                return compute(network, network(own.pixels), own)

        parts = zip(*(tensor.split(sizes) for tensor in batch), strict=True)
        found = self._together(part, [(number, Batch(*own)) for number, own in enumerate(parts)])
        if not torch.equal(before, _random_state(device)):
            raise UserError(
                "train.parts: this network draws random numbers in an order that depends on the threads' timing; "
                "set train.parts to 1"
            )
        weights = torch.tensor(sizes, device=device) / rows
        self._found = [loss for loss, _ in found]
        self._shown = [loss.detach().requires_grad_() for loss in self._found]
        named = {name: (weights * torch.stack([own[name].detach() for _, own in found])).sum() for name in found[0][1]}
        return (weights * torch.stack(self._shown)).sum(), named

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of the batch's loss, or of a multiple of it, to that of the network's weights."""
        loss.backward()  # as far as the parts' losses
        self._together(Tensor.backward, [(own, end.grad) for own, end in zip(self._found, self._shown, strict=True)])
        self._found, self._shown = [], []
        mine = list(self._networks[0].parameters())
        for network in self._networks[1:]:
            for weight, other in zip(mine, network.parameters(), strict=True):
                if other.grad is not None:
                    weight.grad = other.grad if weight.grad is None else weight.grad.add_(other.grad)
                    other.grad = None

    def predict(self, pixels: UInt8[Tensor, "N H W C"]) -> dict[str, Tensor]:
        """Predict images as `pipeline.train.heads.predict` does."""
        network = self._networks[0]  # in evaluation mode it does not change, and the others have other statistics
        found = self._together(predict, [(network, part) for part in pixels.chunk(len(self._networks))])
        return {name: torch.cat([part[name] for part in found]) for name in found[0]}

    def _together(self, call: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
        """Call with all these at the same time, the first in this thread; return or raise when all are done."""
        others = [self._pool.submit(call, *given) for given in arguments[1:]]
        try:
            first = call(*arguments[0])
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def _sharing(network: Network) -> Network:
    """Return a copy that has the same weights in the same memory, and gradients and statistics of its own."""
    twin = copy.deepcopy(network)
    for own, other in zip(network.parameters(), twin.parameters(), strict=True):
        other.data, other.grad = own.data, None
    return twin


def _random_state(device: torch.device) -> Tensor:
    """Return the state of torch's default generators that a network on this device may draw from."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states)


def _autocast(device: str) -> dict[str, Any]:
    """Return this thread's mixed precision, which other threads do not share."""
    return {
        "device_type": device,
        "dtype": torch.get_autocast_dtype(device),
        "enabled": torch.is_autocast_enabled(device),
    }
