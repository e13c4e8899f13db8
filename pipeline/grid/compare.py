"""Two groups of rows over the values of a slice: error by value, how far the values differ, and what changed.

Every statement carries a bootstrap interval over subjects: within each value of the slice, people are drawn with
replacement, the same ones for both groups, so that the difference between the groups is a paired one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.annotations import SLICE_PREFIX
from pipeline.errors import UserError
from pipeline.evaluate.bootstrap import ClusterBootstrap, Interval, interval
from pipeline.grid.definition import Comparison

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


def compare(comparison: Comparison, rows: tuple[str, str], tables: tuple[list[Path], list[Path]]) -> Compared:
    """Compare two groups of trainings on the same test images.

    Args:
        comparison: Slice and values.
        rows: Names of the groups.
        tables: per_image.parquet of each training, group by group, seeds in the same order.

    Raises:
        UserError: The data has no such slice, or a value of it is in no test image.
    """
    column = f"{SLICE_PREFIX}{comparison.slice}"
    groups = [[pd.read_parquet(path) for path in paths] for paths in tables]
    index = groups[0][0]
    if column not in index:
        raise UserError(f"compare.slice is {comparison.slice!r}, which is no slice of the data")
    empty = [value for value in comparison.values if not (index[column] == value).any()]
    if empty:
        raise UserError(f"no test image has {comparison.slice} {', '.join(empty)}; add data or leave out the value")
    # (seeds, groups, images)
    errors = np.array([[table[ERROR].to_numpy(np.float64) for table in pair] for pair in zip(*groups, strict=True)])
    masks = [(index[column] == value).to_numpy() for value in comparison.values]
    by_seed = np.stack([np.nanmean(errors[:, :, mask], axis=2) for mask in masks], axis=2)
    means, subjects = np.nanmean(errors, axis=0), index["subject"].to_numpy().astype(str)
    # (groups, values, samples); a value's people are drawn apart from the others', and alike for both groups
    draws = [ClusterBootstrap(subjects[mask], _SAMPLES, _SEED + number) for number, mask in enumerate(masks)]
    drawn = np.array([[draw.mean(group[m]) for draw, m in zip(draws, masks, strict=True)] for group in means])
    found = np.array([[np.nanmean(group[mask]) for mask in masks] for group in means])

    def figures(of: Float[np.ndarray, "2"], samples: Float[np.ndarray, "2 B"]) -> tuple[Figure, Figure]:
        return (_figure(of[0], samples[0]), _figure(of[1], samples[1]))

    values = [
        Value(name, int(mask.sum()), len(set(subjects[mask])), figures(found[:, v], drawn[:, v]))
        for v, (name, mask) in enumerate(zip(comparison.values, masks, strict=True))
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
    )


def _figure(value: float, samples: Float[np.ndarray, "B"]) -> Figure:
    return Figure(float(value), interval(samples))
