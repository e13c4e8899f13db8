"""DeepLabCut and lightning-pose labels: CSV with a header of three or four rows, or HDF5.

The header names scorer, individuals (only if there are several animals), body parts and coordinates. The image's path
is in one column (``labeled-data/VIDEO/img0001.png``, before DeepLabCut 2.2) or in three. Paths are relative to the
project, the folder that holds labeled-data, whatever folder the label file lies in.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.cells import numbers
from pipeline.collect.readers.delimited import read_sheet, same_width
from pipeline.collect.readers.pandas_hdf5 import read_table
from pipeline.collect.settings import DeepLabCutSource
from pipeline.collect.subject_setting import FOLDER
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_HEADS = ("scorer", "individuals", "bodyparts", "coords")
_COORDS = ("x", "y", "likelihood")
_HDF_SUFFIXES = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True)
class _Table:
    """The content of a label file: image paths, row numbers, and values by (individual, body part, coordinate)."""

    images: pd.Series
    rows: np.ndarray
    values: dict[tuple[str, str, str], Float[np.ndarray, " N"]]


def read(path: Path, root: Path, source: DeepLabCutSource, problem: Problem) -> Labels:
    """Read a DeepLabCut label file; each individual is an instance.

    Args:
        path: CSV or HDF5.
        root: The folder that all media of the source are relative to.
        source: Names of the body parts, and what counts as one subject.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings, keypoints = Findings(path.relative_to(root).as_posix()), problem.keypoints
    table = _read_hdf(path, findings) if path.suffix.lower() in _HDF_SUFFIXES else _read_csv(path, findings)
    parts = [source.bodyparts.get(name, name) for name in keypoints]
    individuals, notes = _individuals(table, parts, findings)
    findings.raise_any()
    names = table.images.str.replace("\\", "/", regex=False)
    media = _media(path, root, names, findings)
    rows = "row " + pd.Series(table.rows).astype("str")
    # the folder is the video's in the project, also where the images lie beside the label file
    paths = names if source.subject == FOLDER else media
    subject = subjects_of(source.subject, paths, pd.DataFrame(), rows, findings)
    frames = [
        pd.DataFrame(
            {
                "media": media,
                "frame": -1,
                "instance": number,
                "subject": subject,
                "source": f"{findings.where}:" + pd.Series(table.rows).astype("str"),
            }
        )
        for number in range(len(individuals))
    ]
    xy = np.concatenate(
        [
            np.stack([np.stack([table.values[who, part, axis] for axis in "xy"], axis=1) for part in parts], axis=1)
            for who in individuals
        ]
    )
    visibility = np.full(xy.shape[:2], 2)
    instances = pd.concat(frames, ignore_index=True)
    return make_labels(instances, keypoints, xy, visibility, root, findings, source.missing_images, notes)


def _individuals(table: _Table, parts: list[str], findings: Findings) -> tuple[list[str], list[str]]:
    """Return the individuals that have all body parts of the problem, in the file's order, and notes on unused data."""
    parts_of: dict[str, set[str]] = {}
    for who, part, _ in table.values:
        parts_of.setdefault(who, set()).add(part)
    complete = [who for who, owned in parts_of.items() if set(parts) <= owned]
    if not complete:
        best = max(parts_of.values(), key=lambda owned: len(owned & set(parts)), default=set())
        findings.add(
            f"header: body parts {[p for p in parts if p not in best]} of the problem's {len(parts)} keypoints are "
            f"missing; found {sorted(best)}; name the body parts in params under `bodyparts`"
        )
        return [], []
    notes = [
        f"{findings.where}: individual {who!r} is not used, it lacks body parts {sorted(set(parts) - owned)}"
        for who, owned in parts_of.items()
        if who not in complete
    ]
    if any(coord == "likelihood" for _, _, coord in table.values):
        notes.append(f"{findings.where}: likelihood columns are ignored, every point with x and y counts as labelled")
    return complete, notes


def _read_csv(path: Path, findings: Findings) -> _Table:
    sheet = read_sheet(path, findings, header_rows=3)
    rows, lines = sheet.rows, sheet.lines
    heads = {row[0].lower(): row for row in rows[:4] if row[0].lower() in _HEADS}
    if "bodyparts" not in heads or "coords" not in heads:
        raise UserError(
            f"{findings.where}: no DeepLabCut header; expected rows that start with scorer, (individuals,) bodyparts, "
            f"coords; found {[row[0] for row in rows[:4]]}"
        )
    coords = [cell.lower() for cell in heads["coords"]]
    first = next((i for i, cell in enumerate(coords) if cell in _COORDS), len(coords))
    # many programs pad neither headers nor rows
    heads = {name: (row + [""] * len(coords))[: len(coords)] for name, row in heads.items()}
    lines = lines[len(heads) :]
    body = same_width(rows[len(heads) :], lines, len(coords), findings, short=True)
    cells = pd.DataFrame(body, dtype="str")
    images = cells[0]
    for i in range(1, first):
        images = images + "/" + cells[i]
    values = {}
    for column in range(first, len(coords)):
        who = heads["individuals"][column] if "individuals" in heads else ""
        part, coord = heads["bodyparts"][column], coords[column]
        _check_coord(coord, (who, part, coord) in values, f"{who} {part}".strip(), findings)
        values[who, part, coord] = numbers(
            cells[column], f"{who} {part} {coord}".strip(), lines, findings, sheet.decimal_comma
        )
    return _complete(_Table(images, lines, values), findings)


def _read_hdf(path: Path, findings: Findings) -> _Table:
    table = read_table(path, findings)
    if "bodyparts" not in table.levels or "coords" not in table.levels:
        raise UserError(
            f"{findings.where}: no DeepLabCut table; expected column levels scorer, bodyparts, coords; found "
            f"{table.levels}"
        )
    values = {}
    for position, key in enumerate(table.columns):
        named = dict(zip(table.levels, key, strict=True))
        who, part, coord = named.get("individuals", ""), named["bodyparts"], named["coords"].lower()
        _check_coord(coord, (who, part, coord) in values, f"{who} {part}".strip(), findings)
        values[who, part, coord] = table.values[:, position]
    images = pd.Series(["/".join(key) for key in table.rows], dtype="str")
    return _complete(_Table(images, np.arange(1, len(images) + 1), values), findings)


def _check_coord(coord: str, repeated: bool, part: str, findings: Findings) -> None:
    if coord not in _COORDS:
        findings.add(f"header: coordinate {coord!r} of {part}; expected one of {_COORDS}")
    if repeated:
        findings.add(f"header: {coord} of {part} occurs twice (two scorers?); keep one")


def _complete(table: _Table, findings: Findings) -> _Table:
    """Raise if a body part lacks x or y, or if the table is empty."""
    if table.images.empty:
        findings.add("no labelled image; expected a row per image")
    for who, part, coord in table.values:
        for axis in ("x", "y"):
            if (who, part, axis) not in table.values and coord != axis:
                findings.add(f"header: body part {f'{who} {part}'.strip()} has no {axis} column")
    findings.raise_any()
    return table


def _media(path: Path, root: Path, names: pd.Series, findings: Findings) -> pd.Series:
    """Return the images' paths relative to `root`.

    The project is the nearest folder, from the label file up to `root`, that has the first folder of the images' paths.
    If there is no such folder, the images may lie beside the label file without their folders.
    """
    top = PurePosixPath(names.iloc[0]).parts[0]
    for folder in (path.parent, *path.parent.parents):
        if (folder / top).exists():
            return find_media(root, folder, names, findings)
        if folder == root:
            break
    bare = names.map({name: PurePosixPath(name).name for name in names.unique()})
    beside = (path.parent / bare.iloc[0]).exists()
    return find_media(root, path.parent, bare if beside else names, findings)
