"""Prepared arrays as training sees them: memory-mapped, shuffled by epoch, augmented by seed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import DataLoader, Dataset, Sampler

from pipeline.augment.recipe import Recipe
from pipeline.augment.sample import Sample
from pipeline.heads.arrays import Arrays, Batch

_NO_OBJECTS = np.empty((0, 5), np.float32)


def seed_of(*parts: int) -> int:
    """One 32-bit seed from several numbers, well mixed and the same everywhere."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


class ArrayDataset(Dataset[Batch]):
    """Whole batches from arrays: an index is a list of (epoch, row), as `EpochSampler` gives them.

    With several recipes, an epoch has every image once in each of these views.

    What comes out depends on nothing but the seed, the epoch and the rows: not on the process, nor on what was read
    before, so that a resumed training sees what an undisturbed one does.
    """

    def __init__(self, arrays: Arrays, recipes: Sequence[Recipe] = (), seed: int = 0) -> None:
        self.arrays, self.recipes, self.seed = arrays, recipes, seed

    def __len__(self) -> int:
        return len(self.arrays) * max(len(self.recipes), 1)

    def __getitem__(self, index: tuple[int, int]) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[tuple[int, int]]) -> Batch:
        """The batch of these (epoch, row) pairs."""
        samples = [self._sample(epoch, row) for epoch, row in indices]
        images, keypoints, visibility, boxes, objects = (np.stack(part) for part in zip(*samples, strict=True))
        rows = np.array([row % len(self.arrays) for _, row in indices], np.int64)
        classes = self.arrays.classes
        return Batch(
            torch.from_numpy(images),
            torch.from_numpy(np.nan_to_num(keypoints.astype(np.float32), copy=False)),
            torch.from_numpy(visibility.astype(np.uint8)),
            torch.from_numpy(boxes.astype(np.float32)),
            torch.from_numpy(np.full(len(rows), -1) if classes is None else classes[rows]),
            torch.from_numpy(objects.astype(np.float32)),
        )

    def _sample(self, epoch: int, number: int) -> Sample:
        """Image `number` of the split; from beyond its end, the same images in the next view."""
        view, row = divmod(number, len(self.arrays))
        data = self.arrays
        objects = _NO_OBJECTS if data.objects is None else data.objects[row]
        sample = Sample(np.array(data.images[row]), data.keypoints[row], data.visibility[row], data.boxes[row], objects)
        return self.recipes[view].apply(sample, seed_of(self.seed, epoch, number)) if self.recipes else sample


class EpochSampler(Sampler[tuple[int, int]]):
    """(pass, row) pairs of an endless stream of passes over all rows, each in an order that depends on the seed only.

    An epoch is the next `draws` pairs of it, by default one pass; Lightning calls `set_epoch`.
    """

    def __init__(self, rows: int, seed: int, draws: int | None = None) -> None:
        self.rows, self.seed, self.draws, self.epoch = rows, seed, draws or rows, 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.draws

    def __iter__(self) -> Iterator[tuple[int, int]]:
        first, after = self.epoch * self.draws, (self.epoch + 1) * self.draws
        for number in range(first // self.rows, -(-after // self.rows)):
            start = number * self.rows
            for row in self._order(number)[max(first - start, 0) : after - start]:
                yield number, int(row)

    def _order(self, number: int) -> Int[np.ndarray, " rows"]:
        return np.random.default_rng([self.seed, number]).permutation(self.rows)


def _as_it_is(batch: Any) -> Any:
    return batch


def train_loader(
    arrays: Arrays, recipes: Sequence[Recipe], batch_size: int, sampler: EpochSampler, workers: int
) -> DataLoader[Batch]:
    """Shuffled, augmented batches; a last batch of one image is left out, since batch normalisation cannot use it.

    Args:
        arrays: The training split.
        recipes: Augmentation of each view, or nothing.
        batch_size: Images in a batch.
        sampler: Order; its seed is that of the augmentation too. At the epoch that comes first.
        workers: Processes that read and augment ahead of the network; 0 does it in between.
    """
    return DataLoader(
        ArrayDataset(arrays, recipes, sampler.seed),
        batch_size=batch_size,
        sampler=sampler,
        collate_fn=_as_it_is,
        drop_last=len(sampler) % batch_size == 1,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # else each epoch draws from the random state that dropout uses
    )


def fixed_loader(arrays: Arrays, batch_size: int) -> DataLoader[Batch]:
    """Every image once, in order, as it is."""
    return DataLoader(
        ArrayDataset(arrays),
        batch_size=batch_size,
        sampler=_InOrder(len(arrays)),
        collate_fn=_as_it_is,
        generator=torch.Generator(),
    )


class _InOrder(EpochSampler):
    def __init__(self, rows: int) -> None:
        super().__init__(rows, seed=0)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((0, row) for row in range(self.rows))
