"""What every measure of an exam offers: one thing read off several images of one patient together.

Such a measure stands beside `base.Measure`, which reads single images. Coordinates are the patient's: millimetres, x to
the right, y to the front, z to the head (RAS).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int, Shaped

from heelstrike.measure.base import Measurement


@dataclass(frozen=True)
class Exam:
    """What is known of the images of one exam.

    Attributes:
        keypoints: (x, y) in pixels of each image; NaN counts as missing.
        confidence: In [0, 1].
        placement: Of each image: the patient coordinates of the centre of its top-left pixel, then the steps to the
            pixel on the right and to the pixel below, mm; NaN where unknown.
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
        """Unit normal of each image; NaN where the placement is unknown."""
        across = np.cross(self.placement[:, 1], self.placement[:, 2])
        length = np.linalg.norm(across, axis=1, keepdims=True)
        return np.divide(across, length, out=np.full_like(across, np.nan), where=length > 0)


def each_exam(names: Shaped[np.ndarray, "N"], images: Exam) -> dict[str, tuple[Int[np.ndarray, "M"], Exam]]:
    """Images of many exams, exam by exam, in the order of their names.

    Args:
        names: Which exam each image is of.
        images: All of them.

    Returns:
        By name, which images are of the exam, and they alone.
    """
    found = {}
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        parts = (images.keypoints[rows], images.confidence[rows], images.placement[rows])
        found[str(name)] = (rows, Exam(*parts))
    return found


class ExamMeasure(Protocol):
    """One way of reading an exam.

    Attributes:
        name: As in params.
        title: The same for a person.
        quantities: What an exam yields, in the order of `values`.
        kinds: What an error may be of, in the order of `errors`, the main one first.
        units: Unit of each kind of error, as in names (`centre_median_mm`).
        quality: Which of the quantities tells, without a truth, how far to trust the others.
        suffix: End of the name of an exam's result file.
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
        """Measure an exam as a consumer would: never a guess, a reason instead."""
        ...

    def values(self, exam: Exam) -> Float[np.ndarray, "Q"]:
        """The quantities of the points as they are, nothing checked; NaN where they do not suffice."""
        ...

    def errors(self, predicted: Float[np.ndarray, "Q"], truth: Float[np.ndarray, "Q"]) -> Float[np.ndarray, "E"]:
        """How far off each kind is, zero or more; NaN where either is unknown."""
        ...
