"""The registries of measures: those of single images, and those of exams."""

from heelstrike.measure.base import Measure
from heelstrike.measure.exam import ExamMeasure
from heelstrike.measure.footprint import Footprint
from heelstrike.measure.radii import Radii
from heelstrike.measure.rearfoot import RearfootAngle
from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import MeasureSettings, RearfootSettings
from heelstrike.measure.steps.collect import StepCollector

MEASURES: dict[str, type[Measure]] = {
    RearfootAngle.name: RearfootAngle,
    Footprint.name: Footprint,
}
"""Measures of single images, by name in params.yaml."""

EXAM_MEASURES: dict[str, type[ExamMeasure]] = {ScanVolume.name: ScanVolume}
"""Measures of exams, by name in params.yaml."""


def build_measure(settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float) -> Measure | None:
    """Build the measure of single images that the settings name; `None` if they name a measure of exams.

    Args:
        settings: The `measure` section of the problem.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.
    """
    make = MEASURES.get(settings.name)
    return make(settings, keypoints, min_confidence) if make else None


def build_exam_measure(
    settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float
) -> ExamMeasure | None:
    """Build the measure of exams that the settings name; `None` if they name one of single images.

    The arguments are those of `build_measure`.
    """
    make = EXAM_MEASURES.get(settings.name)
    return make(settings, keypoints, min_confidence) if make else None


def build_steps(
    settings: MeasureSettings, keypoints: tuple[str, ...], min_confidence: float, radii: Radii | None
) -> StepCollector | None:
    """Build the collector of a video's steps; `None` if the settings are not those of a measure of walking legs.

    The first three arguments are those of `build_measure`.

    Args:
        settings: The `measure` section of the problem.
        keypoints: Names of all keypoints.
        min_confidence: A keypoint of lower confidence counts as missing.
        radii: The package's radii; `None` without.
    """
    if not isinstance(settings, RearfootSettings):
        return None
    measure = RearfootAngle(settings, keypoints, min_confidence)
    return StepCollector(settings, keypoints, min_confidence, measure, radii)
