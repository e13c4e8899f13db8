"""Batch normalisation over the images of all processes of a training, on any device.

Torch's `SyncBatchNorm` runs on GPUs only, and replaces layers. Here a layer stays what it is, and computes its
statistics over the whole batch while the training lasts.
"""

import functools
from typing import Any

import torch
from lightning.pytorch.plugins import LayerSync
from torch import Tensor, distributed
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm


class SharedBatchNorm(LayerSync):
    """Lightning's plugin that shares the statistics of all batch normalisations of a network."""

    def apply(self, model: Module) -> Module:
        """Share the statistics of every layer."""
        for layer in _norms(model):
            layer.forward = functools.partial(_forward, layer)
        return model

    def revert(self, model: Module) -> Module:
        """Undo `apply`."""
        for layer in _norms(model):
            layer.__dict__.pop("forward", None)
        return model


def _norms(model: Module) -> list[Any]:
    return [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]


def _forward(layer: Any, x: Tensor) -> Tensor:
    if not layer.training:
        normalised: Tensor = type(layer).forward(layer, x)
        return normalised
    values, axes = x.float(), [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    own = values.mean(dim=axes)
    squares = (values - own.view(shape)).square().sum(dim=axes)
    rows = torch.full_like(own, values.numel() / len(own))
    means, sums, counts = _Statistics.apply(torch.stack([own, squares, rows])).unbind(dim=1)
    count = counts.sum(dim=0)
    # the parts' means and sums of squares joined (Chan, Golub and LeVeque 1979), which loses no digits
    mean = (means * counts).sum(dim=0) / count
    variance = (sums + counts * (means - mean).square()).sum(dim=0) / count
    _follow(layer, mean.detach(), (variance * count / (count - 1).clamp_min(1)).detach())
    y = (values - mean.view(shape)) * torch.rsqrt(variance + layer.eps).view(shape)
    if layer.affine:
        y = y * layer.weight.view(shape) + layer.bias.view(shape)
    return y.to(x.dtype)


def _follow(layer: Any, mean: Tensor, variance: Tensor) -> None:
    """Update the running statistics as the layer itself does."""
    if layer.running_mean is None:
        return
    layer.num_batches_tracked.add_(1)
    factor = 1 / float(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
    layer.running_mean.lerp_(mean, factor)
    layer.running_var.lerp_(variance, factor)


class _Statistics(torch.autograd.Function):
    """Statistics (3, C) of every process, stacked. Their gradient comes from the outputs of all processes."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        parts = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, own.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        total = gradients[0].contiguous()
        distributed.all_reduce(total)
        return total[distributed.get_rank()]
