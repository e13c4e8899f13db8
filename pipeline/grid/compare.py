"""Two groups of rows over the values of a slice: error by value, how far the values differ, and what changed.

Every statement carries a bootstrap interval over people and trainings: within each value of the slice people are drawn
with replacement, and so are seeds, the same ones for both groups, so that the difference between the groups is a paired
one. With few people or few seeds such intervals are too narrow.
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
    """One value of the slice: how much of the test split it is, and the mean error of both groups in input pixels."""

    name: str
    images: int
    subjects: int
    errors: tuple[Figure, Figure]


@dataclass(frozen=True)
class Compared:
    """A pair of groups, without and with what is asked about.

    Attributes:
        rows: Names of the two rows.
        seeds: Trainings of each.
        values: By value of the slice, in order.
        overall: Mean error of both, every value counting alike.
        spread: Largest minus smallest mean error over the values, of both.
        overall_change: With minus without.
        spread_change: With minus without.
        spread_change_by_seed: The same of each pair of trainings with one seed.
        by_seed: (seed, group, value) mean errors.
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
        tables: per_image.parquet of each training, group by group, seeds in the same order.

    Raises:
        UserError: The data has no such slice, or the test images have fewer than two of its values.
    """
    column = f"{SLICE_PREFIX}{comparison.slice}"
    groups = [[pd.read_parquet(path) for path in paths] for paths in tables]
    index = groups[0][0]
    if column not in index:
        raise UserError(f"compare.slice is {comparison.slice!r}, which is no slice of the data")
    names = [value for value in comparison.values if (index[column] == value).any()]
    absent = [value for value in comparison.values if value not in names]
    if len(names) < 2:
        raise UserError(f"no test image has {comparison.slice} {', '.join(absent)}; there is nothing to compare")
    # (seeds, groups, images)
    errors = np.array([[table[ERROR].to_numpy(np.float64) for table in pair] for pair in zip(*groups, strict=True)])
    masks = [(index[column] == value).to_numpy() for value in names]
    by_seed = np.stack([np.nanmean(errors[:, :, mask], axis=2) for mask in masks], axis=2)
    subjects = index["subject"].to_numpy().astype(str)
    found, drawn = by_seed.mean(axis=0), _drawn(errors, subjects, masks)

    def figures(of: Float[np.ndarray, "2"], samples: Float[np.ndarray, "2 B"]) -> tuple[Figure, Figure]:
        return (_figure(of[0], samples[0]), _figure(of[1], samples[1]))

    values = [
        Value(name, int(mask.sum()), len(set(subjects[mask])), figures(found[:, v], drawn[:, v]))
        for v, (name, mask) in enumerate(zip(names, masks, strict=True))
    ]
    overall, overall_drawn = found.mean(axis=1), drawn.mean(axis=1)
    spread, spread_drawn = np.ptp(found, axis=1), np.ptp(drawn, axis=1)
    seed_spread = np.ptp(by_seed, axis=2)
    return Compared(
        rows,
        len(errors),
        values,
        figures(overall, overall_drawn),
        figures(spread, spread_drawn),
        _figure(overall[1] - overall[0], overall_drawn[1] - overall_drawn[0]),
        _figure(spread[1] - spread[0], spread_drawn[1] - spread_drawn[0]),
        (seed_spread[:, 1] - seed_spread[:, 0]).tolist(),
        by_seed,
        absent,
    )


def _drawn(
    errors: Float[np.ndarray, "S 2 N"], subjects: np.ndarray, masks: list[Bool[np.ndarray, "N"]]
) -> Float[np.ndarray, "2 V B"]:
    """Mean errors of both groups by value, of people and seeds drawn with replacement."""
    # a value's people are drawn apart from the others', and alike for both groups
    draws = [ClusterBootstrap(subjects[mask], _SAMPLES, _SEED + number) for number, mask in enumerate(masks)]
    # (seeds, groups, values, samples)
    means = np.array([[[d.mean(e[m]) for d, m in zip(draws, masks, strict=True)] for e in pair] for pair in errors])
    seeds = len(errors)
    counts = np.random.default_rng(_SEED).multinomial(seeds, np.full(seeds, 1 / seeds), size=_SAMPLES)
    return np.asarray(np.einsum("sgvb,bs->gvb", means, counts / seeds))


def _figure(value: float, samples: Float[np.ndarray, "B"]) -> Figure:
    return Figure(float(value), interval(samples))
