"""Batches of prepared arrays for training: memory-mapped, shuffled by epoch, augmented by seed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import DataLoader, Dataset, Sampler

from heelstrike.errors import UserError
from pipeline.augment.recipe import Recipe
from pipeline.augment.sample import Sample
from pipeline.heads.arrays import Arrays, Batch
from pipeline.train.shards import ALONE, FixedBatches, ShardedBatches, Shards

_NO_OBJECTS = np.empty((0, 5), np.float32)


def seed_of(*parts: int) -> int:
    """Return one 32-bit seed made from several numbers, the same on every machine."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


class ArrayDataset(Dataset[Batch]):
    """Whole batches from arrays. An index is a list of (epoch, row) pairs from an `EpochSampler`.

    With several recipes, an epoch has every image once in each of these views.

    A batch depends on the seed, the epoch and the rows alone, not on the process or on earlier batches. So a resumed
    training gets the same batches as an uninterrupted one.
    """

    def __init__(self, arrays: Arrays, recipes: Sequence[Recipe] = (), seed: int = 0) -> None:
        self.arrays, self.recipes, self.seed = arrays, recipes, seed

    def __len__(self) -> int:
        return len(self.arrays) * max(len(self.recipes), 1)

    def __getitem__(self, index: tuple[int, int]) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[tuple[int, int]]) -> Batch:
        """Return the batch of these (epoch, row) pairs."""
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
        """Return image `number` of the split; numbers beyond its end are the same images in the next view."""
        view, row = divmod(number, len(self.arrays))
        data = self.arrays
        objects = _NO_OBJECTS if data.objects is None else data.objects[row]
        sample = Sample(np.array(data.images[row]), data.keypoints[row], data.visibility[row], data.boxes[row], objects)
        return self.recipes[view].apply(sample, seed_of(self.seed, epoch, number)) if self.recipes else sample


class EpochSampler(Sampler[tuple[int, int]]):
    """(pass, row) pairs of an endless stream of passes over all rows. The order of each pass depends on the seed alone.

    An epoch is the next `draws` pairs of the stream, by default one pass. Lightning calls `set_epoch`.
    """

    def __init__(self, rows: int, seed: int, draws: int | None = None) -> None:
        self.rows, self.seed, self.draws, self.epoch = rows, seed, draws or rows, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that comes next."""
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


def _unchanged(batch: Any) -> Any:
    return batch


def train_loader(
    arrays: Arrays,
    recipes: Sequence[Recipe],
    batch_size: int,
    sampler: EpochSampler,
    workers: int,
    shards: Shards = ALONE,
    parts: int = 1,
) -> DataLoader[Batch]:
    """Make a loader of shuffled, augmented batches, or of this process's part of them.

    A last batch with less than two images for each part is left out, since batch normalisation cannot use one image.
    So is one with fewer images than there are processes.

    Args:
        arrays: The training split.
        recipes: Augmentation of each view; empty for no augmentation.
        batch_size: Images in a batch.
        sampler: Order of the images, set to the first epoch. Its seed is also the seed of the augmentation.
        workers: Processes that read and augment in advance; with 0 the training process does it.
        shards: Place of this process.
        parts: Parts of a batch with a normalisation of their own.

    Raises:
        UserError: There are more processes than images in a batch.
    """
    if batch_size < shards.count:
        raise UserError(f"train.batch_size is {batch_size}, too few images for {shards.count} devices")
    last = len(sampler) % batch_size
    return DataLoader(
        ArrayDataset(arrays, recipes, sampler.seed),
        batch_sampler=ShardedBatches(sampler, batch_size, 0 < last < max(2 * parts, shards.count), shards),
        collate_fn=_unchanged,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # otherwise each epoch would draw from the random state that dropout uses
    )


def fixed_loader(arrays: Arrays, batch_size: int, shards: Shards = ALONE) -> DataLoader[Batch]:
    """Make a loader of every image once, in order, without augmentation, or of this process's part of each batch.

    Raises:
        UserError: There are more processes than images.
    """
    if len(arrays) < shards.count:
        raise UserError(f"the validation split has {len(arrays)} images, too few for {shards.count} devices")
    return DataLoader(
        ArrayDataset(arrays),
        batch_sampler=FixedBatches(len(arrays), batch_size, shards),
        collate_fn=_unchanged,
        generator=torch.Generator(),
    )
