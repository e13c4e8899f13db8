"""The writer of one input's result files: JSON with everything, CSV with a row per frame (docs/formats.md)."""

import json
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TextIO

from heelstrike.heads.registry import HEADS
from heelstrike.measure.base import Measure
from heelstrike.measure.steps.results import Steps
from heelstrike.package.manifest import Manifest
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.steps import VideoSteps
from heelstrike.predict.summary import Summary, Tally
from heelstrike.predict.table import ResultTable
from heelstrike.results import FORMAT_VERSION, MIN_READER, PREDICTION
from heelstrike.rounding import round_json, round_number
from heelstrike.text import storable

_DIGITS = 3


@dataclass(frozen=True)
class ModelReference:
    """The name of a model in result files.

    Attributes:
        reference: `rearfoot/3` for a version in a registry, else the package's folder.
        version: Number of the version in the registry; `None` for a folder.
    """

    reference: str
    version: str | None = None


class ResultWriter:
    """Writes the results of frames one by one, so that memory use does not grow with the length of a video.

    Args:
        stream: Text file for the JSON.
        table: Text file for the CSV; `None` for an image, which has no CSV.
        source: The image or video.
        model: The model that predicted.
        manifest: The package's manifest.
        measure: The measure of single images; `None` if the package has none.
        version: Version of Heelstrike.
    """

    def __init__(
        self,
        stream: TextIO,
        table: TextIO | None,
        source: Source,
        model: ModelReference,
        manifest: Manifest,
        measure: Measure | None,
        version: str,
    ) -> None:
        self._stream, self._manifest, self._measure = stream, manifest, measure
        self._tally, self._frames = Tally(measure), 0
        self._table = ResultTable(table, manifest, measure) if table else None
        self._steps = VideoSteps(manifest) if measure is not None and source.kind == "video" else None
        self._head = _head(source, model, manifest, version)

    def __enter__(self) -> Self:
        lines = (f' "{key}": {_compact(value)},\n' for key, value in self._head.items())
        self._stream.write("{\n" + "".join(lines) + ' "frames": [')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            steps = _compact(self.steps.to_json() if self.steps else None)
            self._stream.write(f'\n ],\n "steps": {steps},\n "summary": {_compact(self.summary.to_json())}\n}}\n')

    def add(self, frame: FrameResult) -> None:
        """Write the result of one frame, with coordinates in the source's pixels."""
        self._tally.add(frame.measurement, frame.reliable)
        if self._steps is not None:
            self._steps.add(frame)
        self._stream.write((",\n  " if self._frames else "\n  ") + _compact(self._frame(frame)))
        self._frames += 1
        if self._table is not None:
            self._table.add(frame)

    @property
    def summary(self) -> Summary:
        """Summary of the frames written so far."""
        return self._tally.summary

    @cached_property
    def steps(self) -> Steps | None:
        """Steps of the video, to be asked for after its last frame; `None` if the model measures no walking legs."""
        return self._steps.steps() if self._steps else None

    def _frame(self, frame: FrameResult) -> dict[str, Any]:
        category, threshold = self._manifest.category, self._manifest.confidence
        content: dict[str, Any] = {"frame": frame.number, "time_s": round_number(frame.time_s, 6)}
        for head in HEADS.values():
            content |= head.result(frame.prediction, category, threshold)
        measure = round_json(frame.measurement.to_json(), _DIGITS) if frame.measurement else None
        content |= {"measure": measure, "people": frame.prediction.people}
        content["from_frames"] = frame.prediction.from_frames
        return content | {"reliable": frame.reliable, "doubts": list(frame.doubts)}


def _head(source: Source, model: ModelReference, manifest: Manifest, version: str) -> dict[str, Any]:
    return {
        "format": PREDICTION,
        "format_version": FORMAT_VERSION,
        "min_reader": MIN_READER,
        "heelstrike": version,
        "source": {
            "file": storable(source.file),
            "kind": source.kind,
            "width": source.width,
            "height": source.height,
            "fps": round_number(source.fps, 6),
            "mm_per_px": round_number(source.mm_per_px, 6),
        },
        "model": describe_model(model, manifest),
        "keypoints": list(manifest.category.keypoints),
        "classes": list(manifest.category.classes),
        "skeleton": [[a - 1, b - 1] for a, b in manifest.category.skeleton],
        "confidence_threshold": manifest.confidence,
        "radius_level": manifest.radii.level if manifest.radii else None,
        "max_radius_px": manifest.max_radius_px,
        "max_uncertainty": manifest.measure.uncertainty_limit if manifest.measure else None,
    }


def describe_model(model: ModelReference, manifest: Manifest) -> dict[str, Any]:
    """Return the description of the model that every result file has."""
    return {
        "problem": manifest.problem,
        "reference": storable(model.reference),
        "version": model.version,
        "digest": manifest.digest,
    }


def _compact(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
