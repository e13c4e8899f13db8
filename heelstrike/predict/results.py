"""The result files of one input: JSON with everything, CSV with a row per frame; docs/predict.md has the schema."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TextIO

from heelstrike.measure.base import Measure, Measurement
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Prediction
from heelstrike.predict.heads import SAID, doubts_of, is_judged, lowest_confidence, rounded
from heelstrike.predict.summary import Summary, Tally

FORMAT, FORMAT_VERSION = "heelstrike-prediction", 1


@dataclass(frozen=True)
class Source:
    """Where the pixels came from.

    Attributes:
        file: File name.
        kind: `image` or `video`.
        width: As displayed, pixels.
        height: As displayed, pixels.
        fps: Frames a second; none for an image.
        mm_per_px: Side of a pixel in millimetres; none where unknown.
    """

    file: str
    kind: str
    width: int
    height: int
    fps: float | None = None
    mm_per_px: float | None = None


@dataclass(frozen=True)
class Model:
    """Which model it was.

    Attributes:
        reference: `rearfoot/3` for a version of a registry, else the folder that was given.
        version: The registry's version, where it came from a registry.
    """

    reference: str
    version: str | None = None


class ResultWriter:
    """Writes frames as they come, so that memory stays flat however long the video is.

    Args:
        stream: Text file for the JSON.
        table: Text file for the CSV, a row per frame; none for images.
        source: See `Source`.
        model: See `Model`.
        manifest: The package's.
        measure: What is read off the keypoints; none: nothing is.
        version: Heelstrike's.
    """

    def __init__(
        self,
        stream: TextIO,
        table: TextIO | None,
        source: Source,
        model: Model,
        manifest: Manifest,
        measure: Measure | None,
        version: str,
    ) -> None:
        self._stream, self._manifest, self._measure = stream, manifest, measure
        self._quantities: Sequence[str] = measure.quantities if measure else ()
        self._tally, self._frames = Tally(measure), 0
        self._rows = csv.writer(table, lineterminator="\n") if table else None
        if self._rows:
            columns = [f"{n}_{u}" for n, u in zip(measure.quantities, measure.units, strict=True)] if measure else []
            first = ["frame", "time_s", *columns, "lowest_confidence", "reason", "message", "warnings"]
            self._rows.writerow([*first, *self._width_columns(columns), "reliable", "doubts"])
        self._head = _head(source, model, manifest, version)

    def __enter__(self) -> Self:
        lines = (f' "{key}": {_compact(value)},\n' for key, value in self._head.items())
        self._stream.write("{\n" + "".join(lines) + ' "frames": [')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._stream.write(f'\n ],\n "summary": {_compact(self.summary.to_json())}\n}}\n')

    def add(self, frame: int, time_s: float | None, prediction: Prediction, measurement: Measurement | None) -> None:
        """Write one frame.

        Args:
            frame: Number in presentation order, from 0.
            time_s: Presentation time stamp in seconds; none for an image.
            prediction: In the source's pixels.
            measurement: What was read off it, if anything is.
        """
        doubts = doubts_of(prediction, measurement, self._manifest)
        reliable = not doubts if is_judged(measurement, self._manifest) else None
        self._tally.add(measurement, reliable)
        about = {"reliable": reliable, "doubts": list(doubts)}
        line = _compact(self._frame(frame, time_s, prediction, measurement) | about)
        self._stream.write((",\n  " if self._frames else "\n  ") + line)
        self._frames += 1
        if self._rows:
            said = (None if reliable is None else "yes" if reliable else "no", "; ".join(doubts))
            self._rows.writerow([*self._row(frame, time_s, prediction, measurement), *said])

    @property
    def summary(self) -> Summary:
        """Of the frames written so far."""
        return self._tally.summary

    def _frame(
        self, frame: int, time_s: float | None, prediction: Prediction, measurement: Measurement | None
    ) -> dict[str, Any]:
        return {
            "frame": frame,
            "time_s": rounded(time_s, 6),
            **{key: value for said in SAID.values() for key, value in said(prediction, self._manifest).items()},
            "measure": _rounded(measurement.to_json()) if measurement else None,
        }

    def _width_columns(self, quantities: list[str]) -> list[str]:
        if self._manifest.radii is None:
            return []
        widths = [f"{column}_half_width" for column in quantities]
        return [*widths, *(f"{name}_radius_px" for name in self._manifest.category.keypoints)]

    def _widths(self, prediction: Prediction, measurement: Measurement | None) -> list[float | None]:
        if self._manifest.radii is None:
            return []
        sizes = measurement.half_widths if measurement else {}
        radius = [None] * len(self._manifest.category.keypoints) if prediction.radius is None else prediction.radius
        return [*(rounded(sizes.get(name), 3) for name in self._quantities), *(rounded(r, 3) for r in radius)]

    def _row(
        self, frame: int, time_s: float | None, prediction: Prediction, measurement: Measurement | None
    ) -> list[Any]:
        values = measurement.values if measurement else {}
        said = (
            (measurement.reason, measurement.message, "; ".join(measurement.warnings)) if measurement else (None,) * 3
        )
        angles = [rounded(values.get(name), 3) for name in self._quantities]
        lowest = lowest_confidence(prediction)
        widths = self._widths(prediction, measurement)
        return ["" if v is None else v for v in (frame, rounded(time_s, 6), *angles, lowest, *said, *widths)]


def _head(source: Source, model: Model, manifest: Manifest, version: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "heelstrike": version,
        "source": {
            "file": source.file,
            "kind": source.kind,
            "width": source.width,
            "height": source.height,
            "fps": rounded(source.fps, 6),
            "mm_per_px": rounded(source.mm_per_px, 6),
        },
        "model": said_of_model(model, manifest),
        "keypoints": list(manifest.category.keypoints),
        "classes": list(manifest.category.classes),
        "skeleton": [[a - 1, b - 1] for a, b in manifest.category.skeleton],
        "confidence_threshold": manifest.confidence,
        "radius_level": manifest.radii.level if manifest.radii else None,
        "max_radius_px": manifest.max_radius_px,
        "max_uncertainty": manifest.measure.uncertainty_limit if manifest.measure else None,
    }


def said_of_model(model: Model, manifest: Manifest) -> dict[str, Any]:
    """Which model it was, as every result file says."""
    return {
        "problem": manifest.problem,
        "reference": model.reference,
        "version": model.version,
        "digest": manifest.digest,
    }


def _compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _rounded(value: Any) -> Any:
    """A JSON-able value with every float rounded to 3 digits."""
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return rounded(value, 3) if isinstance(value, float) else value
