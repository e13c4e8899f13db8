"""Errors per slice (subject, skin tone, lighting, ...), each with a subject-clustered bootstrap interval."""

import numpy as np
import pandas as pd

from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import Scores
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth


def slice_table(truth: Truth, heads: list[Scores], settings: EvaluateSettings) -> pd.DataFrame:
    """A row per value of every slice, the whole split first. Images without a value are in no group of that slice.

    Args:
        truth: The split.
        heads: Scores of each head on it.
        settings: Settings of the bootstrap.

    Returns:
        Columns slice, value, images, subjects, and for each statistic its value, `_low`, `_high` and `_drawn`
        (`clusters`: people were resampled; `images`: all values are of one person, and the interval holds for that
        person's frames only).
    """
    statistics = [statistic for head in heads for statistic in head.statistics()]
    everything = {("all", "all"): np.ones(len(truth.index), bool)}
    for name, values in truth.slices().items():
        everything |= {(name, value): values == value for value in sorted(set(values) - {""})}
    rows = []
    for (name, value), mask in everything.items():
        subjects = truth.subjects[mask]
        row = {"slice": name, "value": value, "images": int(mask.sum()), "subjects": len(set(subjects))}
        for s in statistics:
            weights = None if s.weights is None else s.weights[mask]
            statistic = estimate(s.reduction, s.values[mask], subjects, settings.bootstrap, settings.seed, weights)
            row |= {
                s.name: statistic.value,
                f"{s.name}_low": statistic.interval.low,
                f"{s.name}_high": statistic.interval.high,
            }
            row |= {f"{s.name}_drawn": statistic.drawn}
        rows.append(row)
    return pd.DataFrame(rows)


def for_showing(table: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """The table with at most `most` subjects, those with the largest first statistic; other rows stay.

    If each subject has a single image, subjects are left out; the worst images are on the overlay sheet.
    """
    subjects = table.index[table["slice"] == "subject"]
    if (table.loc[subjects, "images"] == 1).all():
        return table.drop(index=subjects)
    if len(subjects) <= most:
        return table
    worst = table.loc[subjects, statistics_of(table)[0]].sort_values(ascending=False, kind="stable").index[:most]
    return table.drop(index=subjects.difference(worst))


def statistics_of(table: pd.DataFrame) -> list[str]:
    """Names of the statistics in a slice table, in its order."""
    return [c for c in table.columns if f"{c}_drawn" in table.columns]
