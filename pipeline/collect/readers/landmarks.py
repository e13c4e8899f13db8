"""A CSV with a row per point: image, name of the landmark, x, y, and the annotator if several people labelled."""

import itertools
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pipeline.annotations import EXAM, SLICE_PREFIX
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.cells import numbers, positive
from pipeline.collect.readers.delimited import cells_of, read_sheet
from pipeline.collect.settings import LandmarksSource
from pipeline.collect.subject_setting import column_of
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_OTHER_LANDMARK = "its landmark is not one of the problem's keypoints"
# columns beside those of the file, whose names never begin with a blank
_OWN = _LINE, _KEYPOINT, _X, _Y, _WHO, _INSTANCE, _IMAGE = (
    " line",
    " point",
    " x",
    " y",
    " who",
    " instance",
    " image",
)
_PERSON = " person"
_OTHER_ANNOTATOR = "its annotator is not one of those asked for"


def read(path: Path, root: Path, source: LandmarksSource, problem: Problem) -> Labels:
    """Read a table of points.

    Args:
        path: The CSV.
        root: The folder that all media of the source are relative to.
        source: Names of columns, landmarks and annotators.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings, keypoints = Findings(path.relative_to(root).as_posix()), problem.keypoints
    sheet = read_sheet(path, findings)
    cells, lines, comma = cells_of(sheet, findings), sheet.lines[1:], sheet.decimal_comma
    _check_header(cells, source, findings)
    cells[_LINE], cells[_KEYPOINT] = lines, cells[source.landmark].map(_order(source, keypoints))
    cells[_X] = numbers(cells[source.x], source.x, lines, findings, comma)
    cells[_Y] = numbers(cells[source.y], source.y, lines, findings, comma)
    cells[_WHO] = cells[source.annotator] if source.annotator else ""
    cells[_INSTANCE] = cells[source.instance] if source.instance else ""
    lacking = [name for number, name in enumerate(keypoints) if not (cells[_KEYPOINT] == number).any()]
    if lacking:
        landmarks = sorted(cells[source.landmark].unique())[:40]
        findings.add(
            f"column {source.landmark}: no row of the keypoints {lacking}; found {landmarks}; name them in params "
            "under `keypoints`"
        )
    findings.raise_any()
    people = _people(cells, source, findings)
    asked = cells[_WHO].isin({*people, *(source.observers or people)})
    dropped = {_OTHER_LANDMARK: cells[_KEYPOINT].isna(), _OTHER_ANNOTATOR: ~asked}
    left_out = {r: [f"{findings.where}:{n}" for n in cells[_LINE][rows]] for r, rows in dropped.items()}
    labels = _labels(cells[cells[_KEYPOINT].notna() & asked], path, root, source, keypoints, people, findings, comma)
    return replace(labels, dropped={r: n for r, n in left_out.items() if n} | labels.dropped)


def _check_header(cells: pd.DataFrame, source: LandmarksSource, findings: Findings) -> None:
    wanted = (source.file, source.landmark, source.x, source.y)
    if_named = (source.annotator, source.exam, source.instance)
    for column in filter(None, (*wanted, *if_named, *source.slices)):
        if column not in cells.columns:
            findings.add(f"header: column {column!r} is missing; found {list(cells.columns)}")
    if cells.columns.duplicated().any():
        findings.add(f"header: a column occurs twice: {list(cells.columns)}")
    findings.raise_any()


def _order(source: LandmarksSource, keypoints: tuple[str, ...]) -> dict[str, int]:
    """Map each value of the landmark column to the index of its keypoint."""
    return {source.keypoints.get(name, name.removeprefix(source.prefix)): k for k, name in enumerate(keypoints)}


def _people(cells: pd.DataFrame, source: LandmarksSource, findings: Findings) -> list[str]:
    """Return the people whose labels count, in the order of params.yaml or of the file."""
    people = cells[_WHO].unique().tolist()
    for name in (*source.annotators, *source.observers):
        if name not in people:
            findings.add(f"column {source.annotator}: no row of {name!r}; found {people}")
    findings.raise_any()
    return list(source.annotators) or people


def _labels(
    cells: pd.DataFrame,
    path: Path,
    root: Path,
    source: LandmarksSource,
    keypoints: tuple[str, ...],
    people: list[str],
    findings: Findings,
    comma: bool,
) -> Labels:
    """Return an instance per image and value of the instance column; with `combine: separate`, one for each person."""
    cells = cells.assign(**{_IMAGE: cells.groupby([source.file, _INSTANCE], sort=False).ngroup()})
    everyone = list(dict.fromkeys([*people, *source.observers]))
    xy = np.full((cells[_IMAGE].max() + 1, len(everyone), len(keypoints), 2), np.nan)
    position = (cells[_IMAGE].to_numpy(), cells[_WHO].map(everyone.index).to_numpy(), cells[_KEYPOINT].to_numpy(int))
    repeated = cells.assign(**{_PERSON: position[1]}).duplicated([_IMAGE, _PERSON, _KEYPOINT]).to_numpy()
    findings.add_each(
        np.flatnonzero(repeated), lambda i: f"row {cells[_LINE].iloc[i]} labels a point that was labelled before"
    )
    xy[position] = cells[[_X, _Y]].to_numpy()
    first = cells.drop_duplicates(_IMAGE).sort_values(_IMAGE)
    if column := column_of(source.subject):
        _refuse_two_subjects(cells, column, findings)
    offered = first.drop(columns=list(_OWN))
    media = find_media(root, path.parent / source.images, first[source.file], findings)
    columns = {
        "media": media,
        "frame": -1,
        "instance": media.groupby(media).cumcount(),
        "subject": subjects_of(source.subject, media, offered, "row " + first[_LINE].astype("str"), findings),
        "source": f"{findings.where}:" + first[_LINE].astype("str"),
    }
    if source.spacing in cells:
        columns["mm_per_px"] = positive(first[source.spacing], source.spacing, first[_LINE].to_numpy(), findings, comma)
    if source.exam:
        columns[EXAM] = first[source.exam]
    columns |= {f"{SLICE_PREFIX}{c}": first[c] for c in source.slices}
    table = pd.DataFrame(columns).reset_index(drop=True)
    distances = observer_distance(xy[:, [everyone.index(name) for name in source.observers or people]])
    truths = xy[:, [everyone.index(name) for name in people]]
    truths = _mean(truths)[:, None] if source.combine == "mean" else truths
    count, each = len(table), truths.shape[1]
    table = table.loc[table.index.repeat(each)].reset_index(drop=True)
    person = np.tile(np.arange(each), count)
    table["instance"] = table["instance"] * each + person
    if each > 1:  # file (person):row
        parts = table["source"].str.rpartition(":")
        table["source"] = parts[0] + " (" + pd.Series([people[n] for n in person]) + "):" + parts[2]
    if np.isfinite(distances).any():
        spread = pd.DataFrame(np.repeat(distances, each, axis=0), columns=[f"{name}_observers" for name in keypoints])
        table = pd.concat([table, spread], axis=1)
    points = truths.reshape(count * each, len(keypoints), 2)
    visible = np.full(points.shape[:2], 2)
    labels = make_labels(table, keypoints, points, visible, root, findings, source.missing_images)
    return replace(labels, truths=each)


def _refuse_two_subjects(cells: pd.DataFrame, column: str, findings: Findings) -> None:
    """Add a finding for each image whose rows name several subjects."""
    if column not in cells:
        return
    for _, rows in cells[[_IMAGE, _LINE, column]].drop_duplicates([_IMAGE, column]).groupby(_IMAGE):
        if len(rows) > 1:
            subjects, line = sorted(rows[column]), rows[_LINE].iloc[0]
            findings.add(f"row {line}: the rows of its image name the subjects {subjects} in {column!r}; keep one")


def _mean(xy: Float[np.ndarray, "N A K 2"]) -> Float[np.ndarray, "N K 2"]:
    """Return the mean over the people who labelled the point; NaN if nobody did."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a point that nobody labelled
        return np.nanmean(xy, axis=1)


def observer_distance(xy: Float[np.ndarray, "N A K 2"]) -> Float[np.ndarray, "N K"]:
    """Return the mean distance of all pairs of people who labelled a point, in pixels; NaN if fewer than two did."""
    pairs: list[Float[np.ndarray, "N K"]] = [
        np.linalg.norm(xy[:, a] - xy[:, b], axis=-1) for a, b in itertools.combinations(range(xy.shape[1]), 2)
    ]
    if not pairs:
        return np.full((len(xy), xy.shape[2]), np.nan)
    known: Int[np.ndarray, "N K"] = np.isfinite(pairs).sum(axis=0)
    total = np.nansum(pairs, axis=0)
    return np.divide(total, known, out=np.full(total.shape, np.nan), where=known > 0)
