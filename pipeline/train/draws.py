"""Random numbers of a thread, from a generator of its own.

Torch's default generator belongs to the process: threads that train at the same time would draw from it in an order
that depends on their timing. Within `Draws`, the functions of torch that networks draw with take another one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class Draws(TorchFunctionMode):
    """Within this context, dropout and `torch.rand_like` of this thread draw from `generator`.

    Other functions draw from torch's default generator, as everywhere; `pipeline.train.parts` notices that.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        """Call the function, or what stands for it here."""
        if function in _OWN:
            return _OWN[function](self.generator, *arguments, **(options or {}))
        return function(*arguments, **(options or {}))


def _rand_like(generator: Generator, like: Tensor) -> Tensor:
    return torch.rand(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _dropout(generator: Generator, x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    return _dropped(generator, x, x.shape, p) if training else x


def _dropout2d(generator: Generator, x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drop whole channels of x (N, C, H, W)."""
    return _dropped(generator, x, (*x.shape[:2], 1, 1), p) if training else x


def _dropped(generator: Generator, x: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    """Return x without a share p, and the rest larger by so much that the mean stays (Srivastava et al. 2014)."""
    kept = torch.rand(shape, generator=generator, device=x.device) >= p
    return x * (kept / max(1 - p, torch.finfo(torch.float32).tiny)).to(x.dtype)


_OWN: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.rand_like: _rand_like,
    functional.dropout: _dropout,
    functional.dropout2d: _dropout2d,
}
