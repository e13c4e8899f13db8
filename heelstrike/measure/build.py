"""The registries of measures: of single images, and of exams."""

from heelstrike.measure.base import Measure
from heelstrike.measure.exam import ExamMeasure
from heelstrike.measure.footprint import Footprint
from heelstrike.measure.rearfoot import RearfootAngle
from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import MeasureSettings

MEASURES: dict[str, type[Measure]] = {
    RearfootAngle.name: RearfootAngle,
    Footprint.name: Footprint,
}
"""Measures of single images, by their names in params."""

EXAM_MEASURES: dict[str, type[ExamMeasure]] = {ScanVolume.name: ScanVolume}
"""Measures of exams, by their names in params."""


def build_measure(settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float) -> Measure | None:
    """The measure of single images that `settings.name` names; none where it is one of exams.

    Args:
        settings: The problem's `measure` section.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: Points below it count as missing to the consumer (`package.confidence`).
    """
    make = MEASURES.get(settings.name)
    return make(settings, keypoints, min_confidence) if make else None


def build_exam_measure(
    settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float
) -> ExamMeasure | None:
    """The measure of exams that `settings.name` names, see `build_measure`; none where it is one of single images."""
    make = EXAM_MEASURES.get(settings.name)
    return make(settings, keypoints, min_confidence) if make else None
