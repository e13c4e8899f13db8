"""Exams: one result for all images of a folder together. docs/formats.md has the schema."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from heelstrike.files import write_json
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.base import Measurement
from heelstrike.measure.exam import Exam, ExamMeasure
from heelstrike.package.manifest import Manifest
from heelstrike.predict.files import explain_full_disk
from heelstrike.predict.ownership import refuse_foreign
from heelstrike.predict.results import ModelReference, describe_model
from heelstrike.results import EXAM, FORMAT_VERSION, MIN_READER
from heelstrike.rounding import round_json
from heelstrike.text import storable

_DIGITS = 6  # 1e-6 of a unit vector is 0.1 micrometres at the skull


@dataclass(frozen=True)
class Examined:
    """The result of one exam.

    Attributes:
        folder: Folder of the images.
        file: The result file.
        measurement: What was measured on the images together, or why nothing was.
    """

    folder: Path
    file: Path
    measurement: Measurement


@dataclass
class _Folder:
    target: Path
    files: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    keypoints: list[Float[np.ndarray, "K 2"]] = field(default_factory=list)
    confidence: list[Float[np.ndarray, "K"]] = field(default_factory=list)
    placement: list[Float[np.ndarray, "3 3"]] = field(default_factory=list)


class Exams:
    """Collects the predictions of each folder's images and measures each folder as one exam.

    Args:
        measure: The measure of exams.
        model: The model that predicted, for the result files.
        manifest: The package's manifest.
        version: Version of Heelstrike, for the result files.
    """

    def __init__(self, measure: ExamMeasure, model: ModelReference, manifest: Manifest, version: str) -> None:
        self._measure, self._model, self._manifest, self._version = measure, model, manifest, version
        self._folders: dict[Path, _Folder] = {}

    def add(self, file: Path, target: Path, prediction: Prediction, placement: Float[np.ndarray, "3 3"]) -> None:
        """Add an image to its folder's exam.

        Args:
            file: The image.
            target: Path that the image's own results are named after.
            prediction: Prediction in the image's pixels.
            placement: The image's placement in the patient, as in `Exam`; NaN if unknown.
        """
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        exam = self._folders.setdefault(file.parent, _Folder(target.parent))
        exam.files.append(file.name)
        exam.keypoints.append(prediction.keypoints.astype(np.float64))
        exam.confidence.append(prediction.confidence.astype(np.float64))
        exam.placement.append(placement)

    def fail(self, file: Path) -> None:
        """Note an image that could not be read, or whose results could not be written, for its exam's result."""
        if file.parent in self._folders:
            self._folders[file.parent].failed.append(file.name)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders with an image that was predicted on."""
        return tuple(self._folders)

    def write(self, folder: Path) -> Examined:
        """Measure the exam of a folder and write `FOLDER.volume.json` beside the results of its images.

        Raises:
            UserError: A file of this name is not a result of Heelstrike.
        """
        exam = self._folders[folder]
        path = exam.target / f"{folder.resolve().name}{self._measure.suffix}"
        refuse_foreign(path)
        measurement = self._measure.measure(
            Exam(np.stack(exam.keypoints), np.stack(exam.confidence), np.stack(exam.placement))
        )
        with explain_full_disk(path):
            write_json(path, self._result(folder, exam, measurement))
        return Examined(folder, path, measurement)

    def _result(self, folder: Path, exam: _Folder, measurement: Measurement) -> dict[str, Any]:
        return {
            "format": EXAM,
            "format_version": FORMAT_VERSION,
            "min_reader": MIN_READER,
            "heelstrike": self._version,
            "source": {
                "folder": storable(folder.resolve().name),
                "files": [storable(name) for name in exam.files],
                "failed": [storable(name) for name in exam.failed],
            },
            "model": describe_model(self._model, self._manifest),
            "confidence_threshold": self._manifest.confidence,
            "measure": round_json(measurement.to_json(), _DIGITS),
        }
