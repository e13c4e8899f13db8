"""The registry of measures."""

from collections.abc import Callable
from typing import Any

from pipeline.measure.base import Measure
from pipeline.measure.footprint import Footprint
from pipeline.measure.rearfoot import RearfootAngle
from pipeline.measure.settings import MeasureSettings

# name in params -> what makes the measure from (settings, keypoint names, smallest confidence)
MEASURES: dict[str, Callable[[Any, tuple[str, ...], float], Measure]] = {
    RearfootAngle.name: RearfootAngle,
    Footprint.name: Footprint,
}


def build_measure(settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float) -> Measure:
    """The measure that `settings.name` names.

    Args:
        settings: The problem's `measure` section.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: Points below it count as missing to the consumer (`package.confidence`).
    """
    return MEASURES[settings.name](settings, keypoints, min_confidence)
