"""The processes that share a training, and what they tell each other. One process alone is the usual case.

The images of each batch are divided among the processes. Every process gets the raw outputs and the labels of the whole
batch, and computes the same losses and figures as one process would. So losses that are means over labelled points
need no weights, whatever is labelled where.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed
from torch.utils.data import BatchSampler, Sampler

from pipeline.heads.arrays import Batch


@dataclass(frozen=True)
class Shards:
    """The place of this process among those of a training.

    Attributes:
        rank: Number of this process, from 0; process 0 writes files.
        count: Number of processes.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def here(cls) -> "Shards":
        """Return the place of this process; one process alone if no process group was made."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def writes(self) -> bool:
        """True in the process that writes files."""
        return self.rank == 0

    def part(self, rows: int) -> slice:
        """Return this process's part of so many rows; the parts follow each other and differ by at most one row."""
        return slice(self.rank * rows // self.count, (self.rank + 1) * rows // self.count)

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Shards()


class ShardedBatches(BatchSampler):
    """This process's part of each batch. Its length, `batch_size` and `sampler` are those of whole batches.

    Args:
        sampler: Order of the images.
        batch_size: Images of a whole batch.
        drop_last: True to leave out a last batch that is smaller.
        shards: Place of this process.
    """

    def __init__(self, sampler: Sampler[Any], batch_size: int, drop_last: bool, shards: Shards) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.shards = shards

    def __iter__(self) -> Iterator[list[Any]]:
        for batch in super().__iter__():
            yield batch[self.shards.part(len(batch))]


class FixedBatches(Sampler[list[tuple[int, int]]]):
    """This process's part of batches of (pass 0, row) in order. No process is left without an image."""

    def __init__(self, rows: int, batch_size: int, shards: Shards) -> None:
        self.rows, self.batch_size, self.shards = rows, batch_size, shards

    def __len__(self) -> int:
        return len(self._ends())

    def _ends(self) -> list[int]:
        ends = [*range(self.batch_size, self.rows, self.batch_size), self.rows]
        if len(ends) > 1 and self.rows - ends[-2] < self.shards.count:
            del ends[-2]  # its rows join the last ones
        return ends

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        start = 0
        for end in self._ends():
            yield [(0, row) for row in range(start, end)][self.shards.part(end - start)]
            start = end


def whole(outputs: Mapping[str, Tensor], batch: Batch, shards: Shards) -> tuple[dict[str, Tensor], Batch]:
    """Return outputs and labels of the whole batch, in its order, given those of this process's part.

    Args:
        outputs: Tensors of a network with the images as first axis.
        batch: Images and labels; the images stay those of this process.
        shards: Place of this process.
    """
    if shards.count == 1:
        return dict(outputs), batch
    sizes = _sizes(batch.pixels)
    gathered = {name: _Gather.apply(tensor, sizes, shards.rank) for name, tensor in outputs.items()}
    labels = {name: _gather(tensor, sizes) for name, tensor in batch._asdict().items() if name != "pixels"}
    return gathered, batch._replace(**labels)


def _sizes(pixels: Tensor) -> list[int]:
    own = torch.tensor([len(pixels)], device=pixels.device)
    sizes = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(sizes, own)
    return [int(size) for size in sizes]


def _gather(part: Tensor, sizes: list[int]) -> Tensor:
    """Join the parts of all processes, which must have the same shape when they travel."""
    padded = part.new_zeros(max(sizes), *part.shape[1:])
    padded[: len(part)] = part
    parts = [torch.empty_like(padded) for _ in sizes]
    distributed.all_gather(parts, padded)
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


class _Gather(torch.autograd.Function):
    """Join the parts of all processes, with a gradient.

    Every process has the same loss of the whole batch, so it knows the gradient of its own part. The gradient of a
    parameter is the sum over the processes; DDP takes the mean, and the factor makes up for it.
    """

    @staticmethod
    def forward(ctx: Any, part: Tensor, sizes: list[int], rank: int) -> Tensor:
        ctx.own, ctx.count = slice(sum(sizes[:rank]), sum(sizes[: rank + 1])), len(sizes)
        return _gather(part.detach(), sizes)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0][ctx.own] * ctx.count, None, None
