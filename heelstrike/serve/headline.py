"""The test error of a model as one short text, for a person who chooses among versions."""

from heelstrike.measure.build import MEASURES
from heelstrike.numbers import rounded
from heelstrike.package.manifest import Manifest
from heelstrike.units import symbol


def headline_error(manifest: Manifest) -> str:
    """Return the headline of a package's metrics on people whom the model has never seen; empty if it has none.

    It is the first of these that there is: the median error of the measure, that of the keypoints, the accuracy of the
    classes, the average precision of the detections.
    """
    metrics, measure = manifest.metrics, MEASURES.get(manifest.measure.name) if manifest.measure else None
    if measure is not None and (error := metrics.get(f"{measure.group}/median_{measure.unit}")) is not None:
        return f"median error {rounded(error)}{symbol(measure.unit)}"
    if (error := metrics.get("keypoints/median_distance_px")) is not None:
        return f"median error {rounded(error)} px"
    if (accuracy := metrics.get("classes/accuracy")) is not None:
        return f"{accuracy:.1%} right"
    if (precision := metrics.get("detections/ap")) is not None:
        return f"average precision {precision:.2f}"
    return ""
