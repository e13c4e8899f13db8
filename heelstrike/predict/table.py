"""The CSV of a video: a row per frame, with columns for the measure, the uncertainty and the heads (docs/formats.md).

New columns are added only at the end, so that readers by position keep working.
"""

import csv
from collections.abc import Sequence
from typing import TextIO

from heelstrike.heads.base import Cell, Head
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS
from heelstrike.measure.base import Measure, Measurement
from heelstrike.package.manifest import Manifest
from heelstrike.predict.frames import FrameResult
from heelstrike.rounding import round_array, round_number
from heelstrike.spreadsheet import safe_cell

FIRST_COLUMNS = ("frame", "time_s")
COMMON_COLUMNS = ("lowest_confidence", "reason", "message", "warnings")
"""Columns of every CSV, by which a CSV is known to be a result."""

_DIGITS = 3
_RELIABLE = {None: None, True: "yes", False: "no"}


class ResultTable:
    """Writes the header and a row for each frame.

    Args:
        stream: Text file for the CSV.
        manifest: The package's manifest.
        measure: The measure of single images; `None` if the package has none.
    """

    def __init__(self, stream: TextIO, manifest: Manifest, measure: Measure | None) -> None:
        self._rows = csv.writer(stream, lineterminator="\n")
        self._manifest = manifest
        self._quantities: Sequence[str] = measure.quantities if measure else ()
        self._heads: list[Head] = [head for name, head in HEADS.items() if name in manifest.heads]
        self._write(
            [*self._measure_columns(measure), "reliable", "doubts", *self._head_columns(), "people", "from_frames"]
        )

    def add(self, frame: FrameResult) -> None:
        """Write the row of one frame."""
        prediction, measurement = frame.prediction, frame.measurement
        category, threshold = self._manifest.category, self._manifest.confidence
        self._write(
            [
                frame.number,
                round_number(frame.time_s, 6),
                *self._values(measurement),
                lowest_confidence(prediction),
                *self._reason(measurement),
                *self._widths(prediction, measurement),
                _RELIABLE[frame.reliable],
                "; ".join(frame.doubts),
                *(cell for head in self._heads for cell in head.cells(prediction, category, threshold)),
                prediction.people,
                prediction.from_frames,
            ]
        )

    def _measure_columns(self, measure: Measure | None) -> list[str]:
        quantities = [f"{n}_{u}" for n, u in zip(measure.quantities, measure.units, strict=True)] if measure else []
        columns = [*FIRST_COLUMNS, *quantities, *COMMON_COLUMNS]
        if self._manifest.radii is not None:
            columns += [f"{quantity}_half_width" for quantity in quantities]
            columns += [f"{name}_radius_px" for name in self._manifest.category.keypoints]
        return columns

    def _head_columns(self) -> list[str]:
        return [column for head in self._heads for column in head.columns(self._manifest.category)]

    def _values(self, measurement: Measurement | None) -> list[Cell]:
        values = measurement.values if measurement else {}
        return [round_number(values.get(name), _DIGITS) for name in self._quantities]

    def _reason(self, measurement: Measurement | None) -> list[Cell]:
        if measurement is None:
            return [None, None, None]
        return [measurement.reason, measurement.message, "; ".join(measurement.warnings)]

    def _widths(self, prediction: Prediction, measurement: Measurement | None) -> list[Cell]:
        """Return half-widths of the quantities and radii of the keypoints; empty if the package has no radii."""
        if self._manifest.radii is None:
            return []
        half_widths = measurement.half_widths if measurement else {}
        widths: list[Cell] = [round_number(half_widths.get(name), _DIGITS) for name in self._quantities]
        if prediction.radius is None:
            return widths + [None] * len(self._manifest.category.keypoints)
        return widths + round_array(prediction.radius, _DIGITS)

    def _write(self, cells: Sequence[Cell]) -> None:
        self._rows.writerow(["" if cell is None else _safe(cell) if isinstance(cell, str) else cell for cell in cells])


def lowest_confidence(prediction: Prediction) -> float | None:
    """Return the lowest confidence of the first head that has a confidence; `None` without one."""
    for head in HEADS.values():
        if (lowest := head.lowest_confidence(prediction)) is not None:
            return round_number(lowest, 4)
    return None


def _safe(text: str) -> str:
    """Return a text on one line that is no formula for a spreadsheet."""
    return safe_cell(" ".join(text.splitlines()).strip())
