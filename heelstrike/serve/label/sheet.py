"""Labels as a label file: the CSV that the reader `csv` of `heelstrike ingest` takes (docs/data.md)."""

import csv
import io
from collections.abc import Iterator, Mapping

from heelstrike.serve.label.records import LabelFile, Point, Revision
from heelstrike.spreadsheet import safe_cell

NAME = "labels.csv"

_FIRST = ("video", "frame", "subject", "labeller", "labelled", "image_width", "image_height", "mm_per_px")
_DIGITS = 2  # of a coordinate: a hundredth of a pixel


def sheet_of(files: list[LabelFile], subject: str, about: Mapping[str, str], mm_per_px: float | None) -> str:
    """Return the label file of the labels that count, one row for each labelled frame.

    Second readings are left out. A frame whose points are all absent has a row, since that withdraws earlier labels.
    Files may have been labelled with models of other keypoints: each point goes to the columns of its name, and those
    that a model does not know are empty.

    Args:
        files: Labels of one problem; paths in the label file are their files' names.
        subject: Code of the person who is shown.
        about: What is known about the images. Each becomes a column, unless the label file has one of this name.
        mm_per_px: Side of a pixel in millimetres; `None` if unknown.
    """
    keypoints = list(dict.fromkeys(name for labels in files for name in labels.target.keypoints))
    points = [f"{name}_{part}" for name in keypoints for part in ("x", "y", "v")]
    more = {name: value for name, value in about.items() if name not in {*_FIRST, *points}}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIRST, *map(safe_cell, more), *points])
    for labels in files:
        for frame, label in _labels(labels):
            first = (*_picture(labels, frame), safe_cell(subject), safe_cell(label.who), label.when)
            size = (labels.target.width, labels.target.height, "" if mm_per_px is None else mm_per_px)
            known = dict(zip(labels.target.keypoints, label.points, strict=True))
            cells = (cell for name in keypoints for cell in _cells(known.get(name, Point())))
            writer.writerow([*first, *size, *map(safe_cell, more.values()), *cells])
    return text.getvalue()


def label_count(files: list[LabelFile]) -> int:
    """Return the number of rows that `sheet_of` writes."""
    return sum(1 for labels in files for _ in _labels(labels))


def _labels(labels: LabelFile) -> Iterator[tuple[int, Revision]]:
    for frame, said in sorted(labels.frames.items()):
        if said.label is not None:
            yield frame, said.label


def _picture(labels: LabelFile, frame: int) -> tuple[str, int | str]:
    """Return the path of the media, which must not look like a formula either, and the frame; empty for an image."""
    name = labels.target.file
    path = name if safe_cell(name) == name else f"./{name}"
    return path, frame if labels.target.kind == "video" else ""


def _cells(point: Point) -> tuple[str, str, int]:
    if point.x is None or point.y is None:
        return "", "", point.v
    return f"{point.x:.{_DIGITS}f}", f"{point.y:.{_DIGITS}f}", point.v
