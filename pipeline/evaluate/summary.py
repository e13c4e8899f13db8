"""All numbers of a model on a split, nested by group, as metrics.json holds them."""

from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.evaluate.agreement import agreement
from pipeline.evaluate.bootstrap import Interval, estimate
from pipeline.evaluate.cases import Predicted, Truth
from pipeline.evaluate.metrics import (
    band_shares,
    box_metrics,
    image_mse,
    image_rmse,
    keypoint_metrics,
    presence_metrics,
    share,
)
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.measure.base import Measure, Measurement


def summarise(
    truth: Truth, predicted: Predicted, measure: Measure | None, settings: EvaluateSettings, threshold: float
) -> dict[str, dict[str, float]]:
    """Metrics by group; a number that cannot be had (no missing points, one subject) is NaN.

    Args:
        truth: The split.
        predicted: What the model says about it.
        measure: What is read off the keypoints; none: nothing.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer takes a point for missing.

    Returns:
        `images` (counts), `keypoints` and `box` (input pixels), `keypoints_original` and `box_original`, `bands`,
        `presence`, and the measure's own group, `angle` for angles. Intervals end in `_low` and `_high`.
    """
    original, found = truth.points_in_original(truth.keypoints), truth.points_in_original(predicted.keypoints)
    labelled, counts = truth.labelled, truth.labelled.sum(axis=1).astype(float)
    draw = (truth.subjects, settings.bootstrap, settings.seed)

    def keypoints(a: Float[np.ndarray, "N K 2"], b: Float[np.ndarray, "N K 2"]) -> dict[str, float]:
        rmse = estimate("rms", image_mse(a, b, labelled), *draw, weights=counts)
        return keypoint_metrics(a, b, labelled) | _ends("rmse_px", rmse.interval)

    groups: dict[str, dict[str, float]] = {
        "images": {
            "count": len(truth.index),
            "subjects": len(set(truth.subjects)),
            "without_labelled_point": int((counts == 0).sum()),
            "labelled_points": int(counts.sum()),
            "missing_points": int((~labelled).sum()),
        },
        "keypoints": keypoints(predicted.keypoints, truth.keypoints),
        "keypoints_original": keypoints(found, original),
        "box": box_metrics(predicted.boxes, truth.boxes),
        "box_original": box_metrics(truth.boxes_in_original(predicted.boxes), truth.boxes_in_original(truth.boxes)),
        "bands": band_shares(image_rmse(found, original, labelled), settings.bands_px),
        "presence": presence_metrics(predicted.confidence, truth.visibility == 2, ~labelled, threshold),
    }
    if measure is not None:
        groups[measure.group] = _measured(truth, predicted, measure, settings)
    return groups


def measure_all(predicted: Predicted, measure: Measure) -> list[Measurement]:
    """Every image measured as a consumer would."""
    return [measure.measure(k, c) for k, c in zip(predicted.keypoints, predicted.confidence, strict=True)]


def _measured(truth: Truth, predicted: Predicted, measure: Measure, settings: EvaluateSettings) -> dict[str, float]:
    """Errors over all labelled quantities, refused frames included, so that refusing cannot improve them.

    `measured_share` says how many images a consumer gets numbers for: of those whose every quantity is labelled
    (`of_complete`), and of those where a label is missing (`of_incomplete`); `median_measured` is the error of only
    the images measured.
    """
    differences = measure.differences(predicted.keypoints, truth.keypoints)
    measured = np.array([m.measured for m in measure_all(predicted, measure)])
    complete = np.isfinite(measure.values(truth.keypoints)).all(axis=1)
    only_measured = agreement(differences[measured], measure.unit)
    unit, draw = measure.unit, (truth.subjects, settings.bootstrap, settings.seed)
    return (
        agreement(differences, unit)
        | _ends(f"median_{unit}", estimate("median", np.abs(differences), *draw).interval)
        | _ends(f"bias_{unit}", estimate("mean", differences, *draw).interval)
        | {
            f"median_measured_{unit}": only_measured[f"median_{unit}"],
            f"p95_measured_{unit}": only_measured[f"p95_{unit}"],
            "measured_share": float(measured.mean()),
            "measured_share_of_complete": share(measured[complete]),
            "measured_share_of_incomplete": share(measured[~complete]),
            "pairs": int(np.isfinite(differences).sum()),
        }
    )


def count_reasons(measurements: list[Measurement]) -> dict[str, int]:
    """How many images were not measured, by reason, the most frequent first; and how many were, but with a warning."""
    reasons = Counter(m.reason for m in measurements if m.reason)
    warned = Counter(f"measured, but {warning.partition(':')[0]}" for m in measurements for warning in m.warnings)
    return {
        name: n for counted in (reasons, warned) for name, n in sorted(counted.items(), key=lambda i: (-i[1], i[0]))
    }


def to_json(value: Any) -> Any:
    """Nested numbers as JSON can hold them: six significant digits (the rest is noise in a diff), NaN as null."""
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def _ends(name: str, ends: Interval) -> dict[str, float]:
    return {f"{name}_low": ends.low, f"{name}_high": ends.high}
