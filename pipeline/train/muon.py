"""Muon: convolutions learn by orthogonalised momentum, everything else by AdamW.

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (kellerjordan.github.io/posts/muon). The
size of an update is that of Liu et al. 2025 (arXiv:2502.16982): its root mean square is about AdamW's, so that the same
learning rate and weight decay serve both. benchmarks/RESULTS.md has what it gains on the default problem.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from heelstrike.cores import cores

_QUINTIC = (3.4445, -4.7750, 2.0315)  # a + b x² + c x⁴: drives singular values to between 0.7 and 1.2 in a few rounds
_ROUNDS = 5
_SIZE = 0.2  # root mean square of an update, as a multiple of the learning rate
_EPS = 1e-8


class Muon(Optimizer):
    """The optimizer. Kernels of convolutions with several input channels are taken for matrices, one row an output.

    On a CPU, kernels are changed in as many threads as there are cores, each kernel by one thread, so that results do
    not depend on the number of cores.

    Args:
        params: Parameters, or groups of them.
        lr: Learning rate of all parameters.
        weight_decay: Decoupled weight decay.
        momentum: Share of the momentum that an update keeps (Nesterov's momentum).
        betas: AdamW's averages, for all other parameters.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change the parameters by their gradients; return what the closure, which computes the loss anew, returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        tasks = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        kernels = sorted((task for task in tasks if is_matrix(task[0])), key=lambda task: -_cost(task[0]))
        for p, group in tasks:
            self.state.setdefault(p, {})  # before the threads, which must not change the dictionary itself
            if not is_matrix(p):
                self._change(p, group, self._adam(p, *group["betas"]), 1.0)
        if kernels and kernels[0][0].device.type == "cpu":
            with ThreadPoolExecutor(cores(), "muon", lambda: torch.set_num_threads(1)) as pool:
                list(pool.map(self._learn, kernels))
        else:
            for task in kernels:
                self._learn(task)
        return loss

    @torch.no_grad()
    def _learn(self, task: tuple[Tensor, dict[str, Any]]) -> None:
        """Change a kernel."""
        p, group = task
        update = orthogonalised(self._nesterov(p, group["momentum"]))
        self._change(p, group, update.view_as(p), _SIZE * max(update.shape) ** 0.5)

    def _nesterov(self, p: Tensor, momentum: float) -> Float[Tensor, "rows columns"]:
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state["mean"] = torch.zeros_like(p)
        mean = state["mean"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(mean, momentum).reshape(len(p), -1)

    def _adam(self, p: Tensor, first: float, second: float) -> Tensor:
        """Return AdamW's update (Kingma and Ba 2015, arXiv:1412.6980)."""
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state |= {"mean": torch.zeros_like(p), "square": torch.zeros_like(p), "updates": 0}
        state["updates"] += 1
        state["mean"].lerp_(p.grad, 1 - first)
        state["square"].mul_(second).addcmul_(p.grad, p.grad, value=1 - second)
        mean = state["mean"] / (1 - first ** state["updates"])
        return mean / (state["square"] / (1 - second ** state["updates"])).sqrt().add_(_EPS)

    @staticmethod
    def _change(p: Tensor, group: dict[str, Any], update: Tensor, size: float) -> None:
        p.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-group["lr"] * size)


def is_matrix(p: Tensor) -> bool:
    """Return True for a kernel that maps several channels. A kernel of one channel is a first layer's, or depthwise."""
    return p.ndim > 2 and p.shape[1] > 1


def _cost(p: Tensor) -> int:
    """Return about how much work it is to orthogonalise a kernel."""
    return p.numel() * min(len(p), p.numel() // len(p))


def orthogonalised(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """Return U V' of a matrix U S V', about: Newton and Schulz's iteration, whose singular values come near to 1.

    A kernel has many more columns than rows, so the polynomials are computed of the small matrix of inner products of
    its rows, and the kernel is multiplied by their product once.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalised(matrix.mT).mT
    a, b, c = _QUINTIC
    wide = matrix.float()
    norm = torch.linalg.matrix_norm(wide).clamp_min(_EPS)
    wide = wide / norm
    inner = wide @ wide.mT
    one = torch.eye(len(inner), device=inner.device)
    product = polynomial = torch.addmm(a * one + b * inner, inner, inner, alpha=c)
    for _ in range(_ROUNDS - 1):
        inner = polynomial @ inner @ polynomial  # all of these are polynomials of one symmetric matrix, and commute
        polynomial = torch.addmm(a * one + b * inner, inner, inner, alpha=c)
        product = polynomial @ product
    return product @ wide
