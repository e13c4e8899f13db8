"""Errors per slice (subject, skin tone, lighting, ...), each with a subject-clustered bootstrap interval."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.evaluate.bootstrap import estimate
from pipeline.evaluate.cases import Predicted, Truth
from pipeline.evaluate.metrics import box_iou, image_mse, image_rmse
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.measure.base import Measure


class Statistic(NamedTuple):
    """A column of the table: what of the images' values is taken."""

    name: str
    how: Literal["mean", "rms", "median"]
    values: Float[np.ndarray, "N *Q"]
    weights: Float[np.ndarray, "N"] | None = None


def slice_table(
    truth: Truth, predicted: Predicted, measure: Measure | None, settings: EvaluateSettings
) -> pd.DataFrame:
    """A row per value of every slice, the whole split first.

    Returns:
        Columns slice, value, images, subjects, and for each statistic its value, `_low`, `_high` and `_drawn`
        (`clusters`: people were resampled; `images`: all values are of one person, and the interval speaks of that
        person's frames only).
    """
    statistics = _statistics(truth, predicted, measure, settings)
    everything = {("all", "all"): np.ones(len(truth.index), bool)}
    for name, values in truth.slices().items():
        everything |= {(name, value): values == value for value in sorted(set(values))}
    rows = []
    for (name, value), mask in everything.items():
        subjects = truth.subjects[mask]
        row = {"slice": name, "value": value, "images": int(mask.sum()), "subjects": len(set(subjects))}
        for s in statistics:
            weights = None if s.weights is None else s.weights[mask]
            found = estimate(s.how, s.values[mask], subjects, settings.bootstrap, settings.seed, weights)
            row |= {s.name: found.value, f"{s.name}_low": found.interval.low, f"{s.name}_high": found.interval.high}
            row |= {f"{s.name}_drawn": found.drawn}
        rows.append(row)
    return pd.DataFrame(rows)


def for_showing(table: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """The table with at most so many subjects, those with the largest error; every other row stays.

    Where each subject is a single image, none is shown: those are the images, and the worst are on the overlay sheet.
    """
    subjects = table.index[table["slice"] == "subject"]
    if (table.loc[subjects, "images"] == 1).all():
        return table.drop(index=subjects)
    if len(subjects) <= most:
        return table
    worst = table.loc[subjects, "rmse_px"].sort_values(ascending=False, kind="stable").index[:most]
    return table.drop(index=subjects.difference(worst))


def statistics_of(table: pd.DataFrame) -> list[str]:
    """Names of the statistics in a slice table, in its order."""
    return [c for c in table.columns if f"{c}_drawn" in table.columns]


def _statistics(
    truth: Truth, predicted: Predicted, measure: Measure | None, settings: EvaluateSettings
) -> list[Statistic]:
    labelled = truth.labelled
    counts = labelled.sum(axis=1).astype(float)
    original, found = truth.points_in_original(truth.keypoints), truth.points_in_original(predicted.keypoints)
    rmse = image_rmse(found, original, labelled)
    good = np.where(np.isfinite(rmse), rmse < settings.bands_px[0], np.nan)
    overlap = box_iou(predicted.boxes, truth.boxes)
    chosen = [
        Statistic("rmse_px", "rms", image_mse(predicted.keypoints, truth.keypoints, labelled), counts),
        Statistic("rmse_original_px", "rms", image_mse(found, original, labelled), counts),
        Statistic(f"share_below_{settings.bands_px[0]:g}px", "mean", good),
        Statistic("box_iou_loss_percent", "mean", 100 * (1 - overlap)),
    ]
    if measure is not None:
        size = np.abs(measure.differences(predicted.keypoints, truth.keypoints))
        chosen.append(Statistic(f"{measure.group}_median_{measure.unit}", "median", size))
    return chosen
