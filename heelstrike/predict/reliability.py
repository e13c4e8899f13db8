"""The judgement whether a frame is reliable, by the limits in the package's manifest."""

import numpy as np

from heelstrike.heads.keypoints import present_keypoints
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measurement
from heelstrike.measure.uncertainty import doubts
from heelstrike.package.manifest import Manifest


def is_judged(prediction: Prediction, measurement: Measurement | None, manifest: Manifest) -> bool:
    """Return True if the package has a limit by which this frame can be judged, or refuses its keypoints."""
    if prediction.refusal is not None:
        return True
    limits_values = manifest.measure is not None and manifest.measure.uncertainty_limit is not None
    return manifest.max_radius_px is not None or (limits_values and measurement is not None and measurement.measured)


def doubts_of(prediction: Prediction, measurement: Measurement | None, manifest: Manifest) -> tuple[str, ...]:
    """Return why a frame is not reliable; empty if it is reliable or not judged. Missing keypoints are not judged."""
    limit = manifest.measure.uncertainty_limit if manifest.measure is not None else None
    radius, present = prediction.radius, present_keypoints(prediction, manifest.confidence)
    if radius is not None and present is not None:
        radius = np.where(present, radius, np.nan)
    refused = () if prediction.refusal is None else (prediction.refusal.message,)
    return refused + doubts(manifest.category.keypoints, radius, manifest.max_radius_px, measurement, limit)
