"""Predictions of lightning-pose, or of DeepLabCut, used as labels: points below a likelihood count as not labelled.

A CSV has a header of three rows, as DeepLabCut's labels have (see `deeplabcut`), and x, y and likelihood of each body
part. Its first column is the number of the frame in the video, or the path of an image (``predictions.csv`` of the
labelled images). The video has the name of the CSV; DeepLabCut appends its scorer to it. Further columns, such as the
variances of an ensemble or `set`, are not used.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.media import is_video
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels
from pipeline.collect.readers.cells import numbers
from pipeline.collect.readers.delimited import read_rows, same_width
from pipeline.collect.readers.labelled_instances import Instance, labels_of, order_of
from pipeline.collect.readers.media_files import MediaFiles
from pipeline.collect.settings import LightningPoseSource
from pipeline.collect.subjects import clean
from pipeline.problem import Problem

_HEADS = ("scorer", "bodyparts", "coords")
_AXES = ("x", "y", "likelihood")
_METRICS = ("_error", "_norm")  # ends of the names of tables of metrics, beside the predictions
_METRIC = "a table of lightning-pose's metrics, not of predictions"


def read(path: Path, root: Path, source: LightningPoseSource, problem: Problem) -> Labels:
    """Read the predictions of one video, or of labelled images.

    Args:
        path: The CSV.
        root: The folder that all media of the source are relative to.
        source: Names of the body parts, and the lowest likelihood.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    rows, lines = read_rows(path, findings, header_rows=len(_HEADS))
    heads = [row[0].lower() for row in rows[: len(_HEADS)]]
    if tuple(heads) != _HEADS and path.stem.endswith(_METRICS):
        return labels_of([], source, problem, root, findings, {_METRIC: [findings.where]}, [])
    if tuple(heads) != _HEADS:
        raise UserError(
            f"{findings.where}: not predictions: expected rows that start with {', '.join(_HEADS)}; found {heads}"
        )
    order, lines = order_of(source.bodyparts, problem), lines[len(_HEADS) :]
    body = same_width(rows[len(_HEADS) :], lines, len(rows[1]), findings, short=True)
    cells = pd.DataFrame(body, dtype="str")
    values, notes = _values(rows[1], rows[2], cells, lines, order, findings)
    findings.raise_any()
    points = np.stack([np.stack([values[part, axis] for axis in _AXES], axis=1) for part in order], axis=1)
    unlikely = ~(points[..., 2] >= source.min_likelihood)  # also where it is not a number
    if unlikely.any():
        notes.append(
            f"{findings.where}: {unlikely.sum()} of {unlikely.size} points are less likely than "
            f"{source.min_likelihood} and count as not labelled"
        )
    places = _places(path, root, source, cells[0], lines, findings)
    instances = [Instance(media, f"row {line}", frame) for (media, frame), line in zip(places, lines, strict=True)]
    for row, k in np.argwhere(~unlikely):
        x, y = points[row, k, :2]
        instances[row].add(int(k), (float(x), float(y)), 2, list(order)[k], findings)
    return labels_of(instances, source, problem, root, findings, {}, notes)


def _values(
    parts: list[str],
    coords: list[str],
    cells: pd.DataFrame,
    lines: np.ndarray,
    order: dict[str, int],
    findings: Findings,
) -> tuple[dict[tuple[str, str], Float[np.ndarray, " N"]], list[str]]:
    """Return the columns of the problem's keypoints by body part and axis, and notes on columns that are not used."""
    values, unused = dict[tuple[str, str], Float[np.ndarray, " N"]](), dict[str, None]()
    coords = coords + [""] * (len(parts) - len(coords))
    for column in range(1, len(parts)):
        part, axis = clean(parts[column]), coords[column].lower()
        if axis not in _AXES:
            unused[axis or "set"] = None
        elif (part, axis) in values:
            findings.add(f"header: {axis} of {part} occurs twice (two scorers?); keep one")
        elif part in order:
            values[part, axis] = numbers(cells[column], f"{part} {axis}", lines, findings)
    lacking = [f"{axis} of {part}" for part in order for axis in _AXES if (part, axis) not in values]
    if lacking:
        findings.add(
            f"header: no {', '.join(lacking)}; found {sorted({clean(part) for part in parts[1:]})}; name the body "
            "parts in params under `bodyparts`; labels without likelihood are read by the kind `deeplabcut`"
        )
    notes = [f"{findings.where}: the columns {sorted(unused)} are not used"] if unused else []
    return values, notes


def _places(
    path: Path, root: Path, source: LightningPoseSource, index: pd.Series, lines: np.ndarray, findings: Findings
) -> list[tuple[str, int]]:
    """Return image or video, and frame, of each row."""
    folders = _folders(path, root, source)
    media = MediaFiles(root, folders, findings)
    if index.str.fullmatch(r"\d+(\.0)?").all():
        video = media.path(_video(path.stem, folders, findings))
        return [(video, int(float(text))) for text in index]
    for text, line in zip(index, lines, strict=True):
        if not text:
            findings.add(f"row {line}: the first cell is empty, expected a frame number or the path of an image")
    return [(media.path(text or "."), -1) for text in index]


def _folders(path: Path, root: Path, source: LightningPoseSource) -> list[Path]:
    """Return the folders that may hold the video: the given one, and those above it up to the root, with `videos`."""
    start = path.parent / source.videos
    above = [folder for folder in path.parents if folder.is_relative_to(root)]
    return [start, *(place for folder in above for place in (folder, folder / "videos"))]


def _video(stem: str, folders: list[Path], findings: Findings) -> str:
    """Return the name of the video of a CSV; of one that is not there if no folder has it."""
    for folder in folders:
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        videos = [f.name for f in files if is_video(f) and (f.stem == stem or stem.startswith(f"{f.stem}DLC"))]
        if len(videos) > 1:
            findings.add(f"both {' and '.join(videos)} may be the video of {stem}.csv; keep one")
        if videos:
            return videos[0]
    return f"{stem}.mp4"
