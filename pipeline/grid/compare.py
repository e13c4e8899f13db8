"""Comparison of two groups of rows over the values of a slice: error by value, spread over values, and changes.

Every number has a bootstrap interval over people and trainings. People are drawn with replacement within each value of
the slice, and so are seeds. Both groups get the same draws, so their difference is paired. With few people or few seeds
such intervals are too narrow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from heelstrike.errors import UserError
from pipeline.annotations import SLICE_PREFIX
from pipeline.grid.definition import Comparison
from pipeline.scoring.bootstrap import ClusterBootstrap, Interval, interval

ERROR = "rmse_px"
_SAMPLES, _SEED = 4000, 1


class Figure(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    interval: Interval


class Value(NamedTuple):
    """One value of the slice: its counts in the test split, and the mean error of both groups in input pixels."""

    name: str
    images: int
    subjects: int
    errors: tuple[Figure, Figure]


@dataclass(frozen=True)
class Compared:
    """The comparison of two groups, without and with the property in question. Errors are in input pixels.

    Attributes:
        rows: Names of the two rows.
        seeds: Number of trainings of each group.
        values: Results by value of the slice, in order.
        overall: Mean error of each group; every value has the same weight.
        spread: Largest minus smallest mean error over the values, for each group.
        overall_change: Change of `overall`, with minus without.
        spread_change: Change of `spread`, with minus without.
        spread_change_by_seed: Change of the spread for each pair of trainings with the same seed.
        by_seed: Mean errors by seed, group and value.
        absent: Values that no test image has.
    """

    rows: tuple[str, str]
    seeds: int
    values: list[Value]
    overall: tuple[Figure, Figure]
    spread: tuple[Figure, Figure]
    overall_change: Figure
    spread_change: Figure
    spread_change_by_seed: list[float]
    by_seed: Float[np.ndarray, "S 2 V"]
    absent: list[str]


def compare(comparison: Comparison, rows: tuple[str, str], tables: tuple[list[Path], list[Path]]) -> Compared:
    """Compare two groups of trainings on the same test images.

    Args:
        comparison: Slice and values.
        rows: Names of the groups.
        tables: Paths of per_image.parquet of the trainings of each group, with the seeds in the same order.

    Raises:
        UserError: The data has no such slice, or the test images have fewer than two of its values.
    """
    column = f"{SLICE_PREFIX}{comparison.slice}"
    groups = [[pd.read_parquet(path) for path in paths] for paths in tables]
    index = groups[0][0]
    if column not in index:
        raise UserError(f"compare.slice is {comparison.slice!r}, which is not a slice of the data")
    names = [value for value in comparison.values if (index[column] == value).any()]
    absent = [value for value in comparison.values if value not in names]
    if len(names) < 2:
        raise UserError(f"no test image has {comparison.slice} {', '.join(absent)}; there is nothing to compare")
    # (seeds, groups, images)
    errors = np.array([[table[ERROR].to_numpy(np.float64) for table in pair] for pair in zip(*groups, strict=True)])
    masks = [(index[column] == value).to_numpy() for value in names]
    by_seed = np.stack([np.nanmean(errors[:, :, mask], axis=2) for mask in masks], axis=2)
    subjects = index["subject"].to_numpy().astype(str)
    means, samples = by_seed.mean(axis=0), _bootstrap(errors, subjects, masks)

    def figures(groups: Float[np.ndarray, "2"], samples: Float[np.ndarray, "2 B"]) -> tuple[Figure, Figure]:
        return (_figure(groups[0], samples[0]), _figure(groups[1], samples[1]))

    values = [
        Value(name, int(mask.sum()), len(set(subjects[mask])), figures(means[:, v], samples[:, v]))
        for v, (name, mask) in enumerate(zip(names, masks, strict=True))
    ]
    overall, overall_samples = means.mean(axis=1), samples.mean(axis=1)
    spread, spread_samples = np.ptp(means, axis=1), np.ptp(samples, axis=1)
    seed_spread = np.ptp(by_seed, axis=2)
    return Compared(
        rows,
        len(errors),
        values,
        figures(overall, overall_samples),
        figures(spread, spread_samples),
        _figure(overall[1] - overall[0], overall_samples[1] - overall_samples[0]),
        _figure(spread[1] - spread[0], spread_samples[1] - spread_samples[0]),
        (seed_spread[:, 1] - seed_spread[:, 0]).tolist(),
        by_seed,
        absent,
    )


def _bootstrap(
    errors: Float[np.ndarray, "S 2 N"], subjects: np.ndarray, masks: list[Bool[np.ndarray, "N"]]
) -> Float[np.ndarray, "2 V B"]:
    """Return bootstrap samples of the mean errors of both groups by value, over people and seeds."""
    # the people of each value are drawn separately; both groups get the same draws
    draws = [ClusterBootstrap(subjects[mask], _SAMPLES, _SEED + number) for number, mask in enumerate(masks)]
    # (seeds, groups, values, samples)
    means = np.array([[[d.mean(e[m]) for d, m in zip(draws, masks, strict=True)] for e in pair] for pair in errors])
    seeds = len(errors)
    counts = np.random.default_rng(_SEED).multinomial(seeds, np.full(seeds, 1 / seeds), size=_SAMPLES)
    return np.asarray(np.einsum("sgvb,bs->gvb", means, counts / seeds))


def _figure(value: float, samples: Float[np.ndarray, "B"]) -> Figure:
    return Figure(float(value), interval(samples))
