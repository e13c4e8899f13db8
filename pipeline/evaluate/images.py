"""per_image.parquet: a row per test image."""

import pandas as pd

from pipeline.evaluate.cases import Predicted, Truth
from pipeline.evaluate.metrics import box_iou, distances, image_rmse
from pipeline.measure.base import Measure, Measurement


def per_image(
    truth: Truth,
    predicted: Predicted,
    measure: Measure | None,
    measurements: list[Measurement],
    names: tuple[str, ...],
) -> pd.DataFrame:
    """A row per image: what it is, its errors, each keypoint's distance, and what was measured.

    Returns:
        The split's index with rmse_px, rmse_original_px, box_iou, confidence (the lowest of its points),
        NAME_distance_px (original pixels); with a measure also its error, each quantity (`left_deg`), the true one
        (`left_true_deg`), and the reason where a consumer gets none.
    """
    original, found = truth.points_in_original(truth.keypoints), truth.points_in_original(predicted.keypoints)
    columns: dict[str, object] = {
        "rmse_px": image_rmse(predicted.keypoints, truth.keypoints, truth.labelled),
        "rmse_original_px": image_rmse(found, original, truth.labelled),
        "box_iou": box_iou(predicted.boxes, truth.boxes),
        "confidence": predicted.confidence.min(axis=1),
    }
    columns |= {f"{n}_distance_px": d for n, d in zip(names, distances(found, original, truth.labelled).T, strict=True)}
    if measure is not None:
        columns[f"{measure.group}_error_{measure.unit}"] = measure.errors(predicted.keypoints, truth.keypoints)
        read, true = measure.values(predicted.keypoints), measure.values(truth.keypoints)
        for q, name in enumerate(measure.quantities):
            columns |= {f"{name}_{measure.unit}": read[:, q], f"{name}_true_{measure.unit}": true[:, q]}
        columns["not_measured"] = [m.reason for m in measurements]
    return pd.concat([truth.index.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
