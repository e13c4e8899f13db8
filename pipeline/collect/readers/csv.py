"""A CSV with a row per labelled frame, whose columns are named in params.yaml."""

from pathlib import Path

import numpy as np
import pandas as pd

from heelstrike.media import is_image
from pipeline.annotations import CLASS, SLICE_PREFIX, TAKEN_SLICES
from pipeline.collect.findings import Findings
from pipeline.collect.labelled_sizes import HEIGHT, WIDTH
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.cells import numbers, positive, whole_numbers
from pipeline.collect.readers.delimited import cells_of, read_sheet
from pipeline.collect.subject_setting import column_of
from pipeline.collect.subjects import subjects_of
from pipeline.collect.table_sources import CsvSource
from pipeline.problem import Problem

_ABOUT_LABEL = ("labeller", "labelled")  # who made a label and when, which are no properties of the picture


def read(path: Path, root: Path, source: CsvSource, problem: Problem) -> Labels:
    """Read a label CSV.

    Optional columns NAME_v hold COCO visibilities; without them a point with coordinates is visible. Every column
    that has no other use becomes an evaluation slice, unless the source lists its slices. The columns `labeller` and
    `labelled`, which say who made a label and when, become no slices.

    Args:
        path: The CSV; paths in it are relative to its folder.
        root: The folder that all media of the source are relative to.
        source: Names of the columns.
        problem: Names of the K keypoints, and of the classes.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings, keypoints = Findings(path.relative_to(root).as_posix()), problem.keypoints
    sheet = read_sheet(path, findings)
    cells, lines, comma = cells_of(sheet, findings), sheet.lines[1:], sheet.decimal_comma
    pairs = {k: source.keypoints.get(k, (f"{k}_x", f"{k}_y")) for k in keypoints}
    _check_header(cells, source, pairs, findings)
    frame = _frames(cells, source, path.parent, lines, findings)
    xy, visibility = np.empty((len(cells), len(keypoints), 2)), np.empty((len(cells), len(keypoints)), np.int64)
    for number, k in enumerate(keypoints):
        xy[:, number] = np.stack([numbers(cells[c], c, lines, findings, comma) for c in pairs[k]], axis=1)
        visibility[:, number] = _visibility(cells, f"{k}_v", lines, findings)
    classes = _classes(cells, source, problem, lines, findings)
    unnamed = np.flatnonzero(cells[source.file] == "")
    findings.add_each(unnamed, lambda i: f"row {lines[i]}, column {source.file}: empty, expected a video or image")
    findings.raise_any()

    media = find_media(root, path.parent, cells[source.file], findings)
    subject = subjects_of(source.subject, media, cells, "row " + pd.Series(lines).astype("str"), findings)
    columns = {
        "media": media,
        "frame": frame,
        "instance": 0,
        "subject": subject,
        "source": f"{findings.where}:" + pd.Series(lines).astype("str"),
    }
    columns |= classes
    if source.spacing in cells:
        columns["mm_per_px"] = positive(cells[source.spacing], source.spacing, lines, findings, comma)
    if {source.image_width, source.image_height} <= set(cells):
        for column, name in ((WIDTH, source.image_width), (HEIGHT, source.image_height)):
            columns[column] = positive(cells[name], name, lines, findings, comma)
    columns |= {f"{SLICE_PREFIX}{c}": cells[c] for c in _slices(cells, source, pairs, problem)}
    return make_labels(
        pd.DataFrame(columns), keypoints, xy, visibility, root, findings, missing_images=source.missing_images
    )


def _check_header(
    cells: pd.DataFrame, source: CsvSource, pairs: dict[str, tuple[str, str]], findings: Findings
) -> None:
    """Raise if a column is missing or occurs twice; nothing below the header can be read then."""
    header = list(cells.columns)
    for column in sorted({c for c in header if header.count(c) > 1}):
        findings.add(f"header: column {column!r} occurs twice; rename or remove one")
    for column in (source.file, *(source.slices or ())):
        if column not in header:
            findings.add(f"header: column {column!r} is missing; found {header}")
    lacking = [c for pair in pairs.values() for c in pair if c not in header]
    if lacking:
        complete = sum(all(c in header for c in pair) for pair in pairs.values())
        findings.add(
            f"header: {complete} of the problem's {len(pairs)} keypoints have their columns; missing: {lacking}; add "
            f"them (empty where not labelled), or name the columns in params under `keypoints`"
        )
    findings.raise_any()


def _frames(cells: pd.DataFrame, source: CsvSource, folder: Path, lines: np.ndarray, findings: Findings) -> np.ndarray:
    """Return frame numbers; -1 for still images, which may share a CSV with videos."""
    still = (
        cells[source.file]
        .map({name: is_image(folder / name) for name in cells[source.file].unique()})
        .to_numpy(dtype=bool)
    )
    if source.frame is None or (source.frame not in cells and still.all()):
        return np.full(len(cells), -1)
    if source.frame not in cells:
        findings.add(f"header: column {source.frame!r} is missing; found {list(cells.columns)}")
        findings.raise_any()
    frame = whole_numbers(cells[source.frame], source.frame, lines, findings)
    negative = np.flatnonzero((frame < -1) | ((frame == -1) & (cells[source.frame] == "-1").to_numpy()))
    findings.add_each(
        negative,
        lambda i: f"row {lines[i]}, column {source.frame}: found {frame[i]}, expected a frame number from 0",
    )
    return np.where(still, -1, np.maximum(frame, -1))


def _visibility(cells: pd.DataFrame, column: str, lines: np.ndarray, findings: Findings) -> np.ndarray:
    if column not in cells:
        return np.full(len(cells), 2)
    values = whole_numbers(cells[column], column, lines, findings)
    wrong = np.flatnonzero((values < -1) | (values > 2) | ((values == -1) & (cells[column] == "-1").to_numpy()))
    findings.add_each(wrong, lambda i: f"row {lines[i]}, column {column}: found {values[i]}, expected 0, 1 or 2")
    return np.where(values == -1, 2, values)


def _classes(
    cells: pd.DataFrame, source: CsvSource, problem: Problem, lines: np.ndarray, findings: Findings
) -> dict[str, pd.Series]:
    """Return the column `class`, or no column if the problem has no classes."""
    if not problem.classes:
        return {}
    if source.class_column not in cells:
        findings.add(f"header: column {source.class_column!r} is missing, which names the class; found {list(cells)}")
        findings.raise_any()
    names = cells[source.class_column]
    findings.add_each(
        np.flatnonzero(~names.isin(problem.classes)),
        lambda i: (
            f"row {lines[i]}, column {source.class_column}: found {names.iloc[i]!r}, expected one of "
            f"{list(problem.classes)}"
        ),
    )
    return {CLASS: names}


def _slices(cells: pd.DataFrame, source: CsvSource, pairs: dict[str, tuple[str, str]], problem: Problem) -> list[str]:
    if source.slices is not None:
        return list(source.slices)
    used = {source.file, source.frame, source.spacing, *(c for pair in pairs.values() for c in pair)}
    used |= {column_of(source.subject), *TAKEN_SLICES, *_ABOUT_LABEL}
    if {source.image_width, source.image_height} <= set(cells):
        used |= {source.image_width, source.image_height}
    if problem.classes:
        used.add(source.class_column)
    return [c for c in cells.columns if c and c not in used | {f"{k}_v" for k in pairs}]
