"""What the JSON says of each head's answers; null where the model has no such head."""

from collections.abc import Callable
from typing import Any

import numpy as np

from heelstrike.measure.base import Measurement
from heelstrike.measure.uncertainty import doubts
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Prediction


def _keypoints(prediction: Prediction, manifest: Manifest) -> dict[str, Any]:
    if prediction.keypoints is None or prediction.confidence is None:
        return dict.fromkeys(("keypoints", "confidence", "missing", "radius"))
    keypoints, confidence = prediction.keypoints.astype(float), prediction.confidence.astype(float)
    sure = np.isfinite(keypoints).all(axis=1) & (confidence >= manifest.confidence)
    return {
        "keypoints": [[rounded(x, 3), rounded(y, 3)] for x, y in keypoints],
        "confidence": [rounded(c, 4) for c in confidence],
        "missing": [n for n, there in zip(manifest.category.keypoints, sure, strict=True) if not there],
        "radius": None if prediction.radius is None else [rounded(r, 3) for r in prediction.radius.astype(float)],
    }


def _box(prediction: Prediction, manifest: Manifest) -> dict[str, Any]:
    return {"box": None if prediction.box is None else [rounded(v, 3) for v in prediction.box.astype(float)]}


def _class(prediction: Prediction, manifest: Manifest) -> dict[str, Any]:
    """The likeliest class with its calibrated probability, and those of all classes."""
    if prediction.probabilities is None:
        return {}
    names, values = manifest.category.classes, prediction.probabilities.astype(float)
    best = int(values.argmax())
    sure = bool(values[best] >= manifest.confidence)
    probabilities = {name: rounded(value, 4) for name, value in zip(names, values, strict=True)}
    return {
        "class": {
            "name": names[best],
            "confidence": rounded(values[best], 4),
            "sure": sure,
            "probabilities": probabilities,
        }
    }


def _instances(prediction: Prediction, manifest: Manifest) -> dict[str, Any]:
    """Every instance that is sure enough, the surest first."""
    if prediction.boxes is None or prediction.scores is None or prediction.classes is None:
        return {}
    rows = zip(prediction.boxes.astype(float), prediction.scores.astype(float), prediction.classes, strict=True)
    kinds = manifest.category.kinds
    return {
        "instances": [
            {"class": kinds[int(kind)], "score": rounded(score, 4), "box": [rounded(v, 3) for v in box]}
            for box, score, kind in rows
            if score >= manifest.confidence
        ]
    }


SAID: dict[str, Callable[[Prediction, Manifest], dict[str, Any]]] = {
    "keypoints": _keypoints,
    "box": _box,
    "class": _class,
    "detections": _instances,
}
"""By head: its part of a frame in the JSON."""


def is_judged(measurement: Measurement | None, manifest: Manifest) -> bool:
    """Whether params say when this frame is not reliable."""
    of_values = manifest.measure is not None and manifest.measure.uncertainty_limit is not None
    return manifest.max_radius_px is not None or (of_values and measurement is not None and measurement.measured)


def doubts_of(prediction: Prediction, measurement: Measurement | None, manifest: Manifest) -> tuple[str, ...]:
    """Why a frame is not reliable; nothing where it is, or where params set no limit. Missing points are not judged."""
    limit = manifest.measure.uncertainty_limit if manifest.measure is not None else None
    radius = prediction.radius
    if radius is not None and prediction.keypoints is not None and prediction.confidence is not None:
        sure = np.isfinite(prediction.keypoints).all(axis=1) & (prediction.confidence >= manifest.confidence)
        radius = np.where(sure, radius, np.nan)
    return doubts(manifest.category.keypoints, radius, manifest.max_radius_px, measurement, limit)


def lowest_confidence(prediction: Prediction) -> float | None:
    """Of the keypoints; of the class where there are none."""
    for values, lowest in ((prediction.confidence, np.min), (prediction.probabilities, np.max)):
        if values is not None:
            return rounded(float(lowest(values)), 4)
    return None


def rounded(value: float | None, digits: int) -> float | None:
    """Rounded to what is meant; none for what is no number, since JSON has no NaN."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)
