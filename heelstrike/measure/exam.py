"""The interface of a measure of exams. An exam has several images of one patient, which are measured together.

Patient coordinates are RAS in millimetres: x to the right, y to the front, z to the head.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int, Shaped

from heelstrike.measure.base import Measurement


@dataclass(frozen=True)
class Exam:
    """The keypoints and the placement of the images of one exam.

    Attributes:
        keypoints: (x, y) in pixels of each image; NaN counts as missing.
        confidence: Confidence of each keypoint in [0, 1].
        placement: For each image the patient coordinates of the centre of its top-left pixel, then the steps to the
            pixel on the right and to the pixel below, in mm; NaN if unknown.
    """

    keypoints: Float[np.ndarray, "M K 2"]
    confidence: Float[np.ndarray, "M K"]
    placement: Float[np.ndarray, "M 3 3"]

    @property
    def points(self) -> Float[np.ndarray, "M K 3"]:
        """The keypoints in patient coordinates."""
        origin, along_x, along_y = (self.placement[:, None, part] for part in range(3))
        return origin + self.keypoints[..., :1] * along_x + self.keypoints[..., 1:] * along_y

    @property
    def normals(self) -> Float[np.ndarray, "M 3"]:
        """Unit normal of each image in patient coordinates; NaN if its placement is unknown."""
        across = np.cross(self.placement[:, 1], self.placement[:, 2])
        length = np.linalg.norm(across, axis=1, keepdims=True)
        return np.divide(across, length, out=np.full_like(across, np.nan), where=length > 0)


def each_exam(names: Shaped[np.ndarray, "N"], images: Exam) -> dict[str, tuple[Int[np.ndarray, "M"], Exam]]:
    """Split the images of many exams into exams.

    Args:
        names: Name of the exam of each image.
        images: The images of all exams.

    Returns:
        For each exam, in the order of the names, the rows of its images and the exam with only these images.
    """
    exams = {}
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        parts = (images.keypoints[rows], images.confidence[rows], images.placement[rows])
        exams[str(name)] = (rows, Exam(*parts))
    return exams


class ExamMeasure(Protocol):
    """A measure of exams: computes quantities from all images of an exam.

    Attributes:
        name: Name of the measure in params.yaml.
        title: Name of the measure for a person.
        quantities: Names of the quantities, in the order of `values`.
        kinds: Names of the kinds of error, in the order of `errors`, the main one first.
        units: Unit of each kind of error, as in names of metrics (`centre_median_mm`).
        quality: The quantity that tells how far to trust the others, without ground truth.
        suffix: Suffix of an exam's result file.
    """

    name: str
    title: str
    quantities: tuple[str, ...]
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    quality: str
    suffix: str

    def __init__(self, settings: Any, keypoints: tuple[str, ...], min_confidence: float) -> None: ...

    def measure(self, exam: Exam) -> Measurement:
        """Measure an exam. An exam that cannot be measured has a reason instead of values."""
        ...

    def values(self, exam: Exam) -> Float[np.ndarray, "Q"]:
        """Return the quantities without checks of plausibility; NaN if the keypoints do not suffice."""
        ...

    def errors(self, predicted: Float[np.ndarray, "Q"], truth: Float[np.ndarray, "Q"]) -> Float[np.ndarray, "E"]:
        """Return the error of each kind, zero or more; NaN if predicted or true quantities are NaN."""
        ...
