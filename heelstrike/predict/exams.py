"""One result for the images of a folder together, where what is measured is an exam; docs/formats.md has the schema."""

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
from heelstrike.predict.results import ModelReference, describe_model
from heelstrike.results import EXAM, FORMAT_VERSION, MIN_READER
from heelstrike.rounding import round_json

_DIGITS = 6  # of unit vectors: an angle of 1e-6 is 0.1 micrometres at the skull


@dataclass(frozen=True)
class Examined:
    """One exam that was measured, or not.

    Attributes:
        folder: The images' own.
        file: What was written.
        measurement: What was read off the images together, or why nothing was.
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
    """Collects the images of each folder.

    Args:
        measure: What is read off them.
        model: See `ModelReference`.
        manifest: The package's.
        version: Heelstrike's.
    """

    def __init__(self, measure: ExamMeasure, model: ModelReference, manifest: Manifest, version: str) -> None:
        self._measure, self._model, self._manifest, self._version = measure, model, manifest, version
        self._folders: dict[Path, _Folder] = {}

    def add(self, file: Path, target: Path, prediction: Prediction, placement: Float[np.ndarray, "3 3"]) -> None:
        """Take an image in.

        Args:
            file: The image.
            target: What its own results are named after.
            prediction: In the image's pixels.
            placement: Where in the patient it lies, NaN where unknown.
        """
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        of = self._folders.setdefault(file.parent, _Folder(target.parent))
        of.files.append(file.name)
        of.keypoints.append(prediction.keypoints.astype(np.float64))
        of.confidence.append(prediction.confidence.astype(np.float64))
        of.placement.append(placement)

    def fail(self, file: Path) -> None:
        """Remember an image that could not be read, so that its exam's result says so."""
        if file.parent in self._folders:
            self._folders[file.parent].failed.append(file.name)

    def write(self) -> list[Examined]:
        """Measure every folder that held an image and write `FOLDER.volume.json` among the images' own results."""
        found = []
        for folder, of in self._folders.items():
            measurement = self._measure.measure(
                Exam(np.stack(of.keypoints), np.stack(of.confidence), np.stack(of.placement))
            )
            path = of.target / f"{folder.resolve().name}{self._measure.suffix}"
            write_json(path, self._result(folder, of, measurement))
            found.append(Examined(folder, path, measurement))
        return found

    def _result(self, folder: Path, of: _Folder, measurement: Measurement) -> dict[str, Any]:
        return {
            "format": EXAM,
            "format_version": FORMAT_VERSION,
            "min_reader": MIN_READER,
            "heelstrike": self._version,
            "source": {"folder": folder.resolve().name, "files": of.files, "failed": of.failed},
            "model": describe_model(self._model, self._manifest),
            "confidence_threshold": self._manifest.confidence,
            "measure": round_json(measurement.to_json(), _DIGITS),
        }
