"""Errors per slice (subject, skin tone, lighting, ...), each with a subject-clustered bootstrap interval."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from pipeline.evaluate.bootstrap import ClusterBootstrap, interval
from pipeline.evaluate.cases import Predicted, Truth
from pipeline.evaluate.metrics import box_iou, image_mse, image_rmse
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.measure.base import Measure


class Statistic(NamedTuple):
    """One number of a set of images, and its resamples.

    Attributes:
        name: Column of the table.
        estimate: The number, of the images that the mask selects.
        resample: The number of each resample of those images.
    """

    name: str
    estimate: Callable[[Bool[np.ndarray, "N"]], float]
    resample: Callable[[Bool[np.ndarray, "N"], ClusterBootstrap], Float[np.ndarray, "B"]]


def slice_table(
    truth: Truth, predicted: Predicted, measure: Measure | None, settings: EvaluateSettings
) -> pd.DataFrame:
    """A row per value of every slice, the whole split first.

    Returns:
        Columns slice, value, images, subjects, drawn (`clusters`: people were resampled; `images`: the row has one
        person only and its interval speaks of that person's frames), and for each statistic its value, `_low`, `_high`.
    """
    statistics = _statistics(truth, predicted, measure, settings)
    everything = {("all", "all"): np.ones(len(truth.index), bool)}
    for name, values in truth.slices().items():
        everything |= {(name, value): values == value for value in sorted(set(values))}
    rows = []
    for (name, value), mask in everything.items():
        draws = ClusterBootstrap(truth.subjects[mask], settings.bootstrap, settings.seed)
        subjects = len(set(truth.subjects[mask]))
        row = {"slice": name, "value": value, "images": int(mask.sum()), "subjects": subjects, "drawn": draws.drawn}
        for statistic in statistics:
            low, high = interval(statistic.resample(mask, draws))
            row |= {statistic.name: statistic.estimate(mask)}
            row |= {f"{statistic.name}_low": low, f"{statistic.name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _statistics(
    truth: Truth, predicted: Predicted, measure: Measure | None, settings: EvaluateSettings
) -> list[Statistic]:
    counts = truth.labelled.sum(axis=1).astype(float)
    original, found = truth.points_in_original(truth.keypoints), truth.points_in_original(predicted.keypoints)
    below = image_rmse(found, original, truth.labelled)
    good = np.where(np.isfinite(below), below < settings.bands_px[0], np.nan)
    known_box = np.isfinite(truth.boxes).all(axis=1)
    iou_loss = np.where(known_box, 100 * (1 - box_iou(predicted.boxes, np.nan_to_num(truth.boxes))), np.nan)
    chosen = [
        _rms("rmse_px", image_mse(predicted.keypoints, truth.keypoints, truth.labelled), counts),
        _rms("rmse_original_px", image_mse(found, original, truth.labelled), counts),
        _mean(f"share_below_{settings.bands_px[0]:g}px", good),
        _mean("box_iou_loss_percent", iou_loss),
    ]
    if measure is not None:
        size = np.abs(measure.differences(predicted.keypoints, truth.keypoints))
        chosen.append(_median(f"{measure.group}_median_{measure.unit}", size))
    return chosen


def _rms(name: str, squares: Float[np.ndarray, "N"], weights: Float[np.ndarray, "N"]) -> Statistic:
    def estimate(mask: Bool[np.ndarray, "N"]) -> float:
        total = weights[mask].sum()
        return float(np.sqrt(np.nansum(squares[mask] * weights[mask]) / total)) if total else float("nan")

    return Statistic(name, estimate, lambda mask, draws: draws.rms(squares[mask], weights[mask]))


def _mean(name: str, values: Float[np.ndarray, "N"]) -> Statistic:
    return Statistic(name, lambda mask: _known(np.mean, values[mask]), lambda mask, draws: draws.mean(values[mask]))


def _median(name: str, values: Float[np.ndarray, "N Q"]) -> Statistic:
    return Statistic(name, lambda mask: _known(np.median, values[mask]), lambda mask, draws: draws.median(values[mask]))


def _known(statistic: Callable[[np.ndarray], np.floating], values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(statistic(known)) if len(known) else float("nan")
