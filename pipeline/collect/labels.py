"""The labels that every reader returns, and the checks that all formats share."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from heelstrike.media import KNOWN, is_video, kind_of
from pipeline.annotations import BOX_COLUMNS, CLASS, with_keypoints
from pipeline.collect.findings import Findings
from pipeline.names import normal_form

NOTHING_LABELLED = "nothing is labelled"


@dataclass(frozen=True)
class Labels:
    """The labels of one file, before any image is opened.

    Attributes:
        table: A row per labelled instance. Columns: `media` (video or image, relative to the source's root, forward
            slashes), `frame` (from 0; -1 for still images), `instance`, `subject`, `source` (``file:row``),
            `slice_NAME`, the keypoint columns of the annotation table, and where the format has them `class`, `exam`,
            the box columns, `mm_per_px` and the columns of the observers' distance; also `labelled_width` and
            `labelled_height`, the size of the image as the label file states it, as displayed (see `labelled_sizes`;
            NaN where it states none). If there is a column `name`, the image is stored under it instead of `media`.
        dropped: Rows (``file:row``) that were left out, by the reason.
        notes: Sentences for the user about how the file was read.
        votes: For images that several people labelled, each annotator's class by `source`.
        files: Further label files that belong to this one, relative to the source's root.
        empty: Rows as in `table` without any label. In a later batch they withdraw the labels of the same picture.
        truths: Number of rows of one instance: above 1 if each annotator's labels are a ground truth of their own.
    """

    table: pd.DataFrame
    dropped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    votes: dict[str, dict[str, str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    empty: pd.DataFrame = field(default_factory=pd.DataFrame)
    truths: int = 1


def media_below(root: Path, folder: Path, names: pd.Series) -> pd.Series:
    """Return paths that a label file states relative to `folder` as paths relative to `root` (see `path_below`)."""
    return names.map({name: path_below(root, folder, name) for name in names.unique()})


def path_below(root: Path, folder: Path, name: str) -> str:
    """Return a path that a label file states relative to `folder` as a path relative to `root`.

    Symbolic links are not resolved, so that a linked data set keeps its names. Backslashes count as slashes. A path
    that leaves `root` starts with ``..``. Names are compared in one normal form of Unicode, and returned as on disk.
    """
    return os.path.relpath(_on_disk(os.path.normpath(folder / name.replace("\\", "/"))), root)


def _on_disk(path: str) -> str:
    """Return the path in the normal form of Unicode that the file system has it in."""
    if path.isascii() or os.path.lexists(path):
        return path
    folder, name = Path(_on_disk(str(Path(path).parent))), normal_form(Path(path).name)
    entries = folder.iterdir() if folder.is_dir() else ()
    return str(next((entry for entry in entries if normal_form(entry.name) == name), folder / name))


def make_labels(
    table: pd.DataFrame,
    keypoints: tuple[str, ...],
    xy: Float[np.ndarray, "N K 2"],
    visibility: Int[np.ndarray, "N K"],
    root: Path,
    findings: Findings,
    missing_images: str,
    notes: list[str] | None = None,
    unit: str = "row",
) -> Labels:
    """Check the labels as all formats need it, and put them together.

    Args:
        table: Columns media, frame, instance, subject, source, slice_*; `source` is ``file:row``. May have `class` and
            the box columns.
        keypoints: Names of the keypoints, length K.
        xy: Coordinates (x, y) in pixels, NaN where not labelled.
        visibility: COCO visibility; a point without coordinates counts as 0 in any case.
        root: Folder that `media` is relative to.
        findings: Collects the findings, which are raised at the end.
        missing_images: `error`, or `skip` to leave out labels whose file does not exist.
        notes: Sentences for the user from the reader.
        unit: Unit that the number in `source` counts, for messages, for instance "row"; empty if it stands there.

    Raises:
        UserError: There are findings, from these checks or from the reader.
    """
    prefix = f"{unit} " if unit else ""
    rows = np.array([prefix + source.rpartition(":")[2] for source in table["source"]], dtype=object)
    _check_points(keypoints, xy, rows, findings)
    _check_media(table, root, rows, findings, missing_images)
    _check_duplicates(table, xy, rows, findings)
    findings.raise_any()
    visibility = np.where(np.isnan(xy).any(axis=2), 0, visibility)
    xy = np.where(visibility[..., None] == 0, np.nan, xy)
    full = with_keypoints(table, keypoints, xy, visibility)
    dropped = {}
    if missing_images == "skip":
        exists = {m: (root / m).is_file() for m in full["media"].unique()}
        missing = ~full["media"].map(exists).astype(bool)
        dropped["the image or video is not there"] = [
            f"{s} ({m})" for s, m in zip(full["source"][missing], full["media"][missing], strict=True)
        ]
        full = full[~missing]
    empty = ~labelled_rows(full, keypoints)
    dropped[NOTHING_LABELLED] = full["source"][empty].tolist()
    return Labels(
        full[~empty].reset_index(drop=True),
        {reason: rows for reason, rows in dropped.items() if rows},
        [*findings.notes, *(notes or [])],
        empty=full[empty],
    )


def labelled_rows(table: pd.DataFrame, keypoints: tuple[str, ...]) -> pd.Series:
    """Return for each row True if it has a keypoint, a class or a box."""
    labelled = (table[[f"{k}_v" for k in keypoints]] > 0).any(axis=1)
    if CLASS in table.columns:
        labelled |= table[CLASS] != ""
    if set(BOX_COLUMNS) <= set(table.columns):
        labelled |= table[BOX_COLUMNS].notna().all(axis=1)
    return labelled


def _check_points(
    keypoints: tuple[str, ...], xy: Float[np.ndarray, "N K 2"], rows: np.ndarray, findings: Findings
) -> None:
    half = np.argwhere(np.isnan(xy[..., 0]) != np.isnan(xy[..., 1]))

    def describe_half(i: int) -> str:
        row, k = half[i]
        given, missing = ("y", "x") if np.isnan(xy[row, k, 0]) else ("x", "y")
        return (
            f"{rows[row]}, keypoint {keypoints[k]}: {given} is given but {missing} is missing; "
            f"give both, or leave both empty where the point is not labelled"
        )

    findings.add_each(np.arange(len(half)), describe_half)
    infinite = np.argwhere(np.isinf(xy))

    def describe_infinite(i: int) -> str:
        row, k, axis = infinite[i]
        return (
            f"{rows[row]}, {keypoints[k]} {'xy'[axis]}: found {xy[row, k, axis]}, expected a number of pixels; "
            f"correct it, or leave x and y empty"
        )

    findings.add_each(np.arange(len(infinite)), describe_infinite)


def _check_media(table: pd.DataFrame, root: Path, rows: np.ndarray, findings: Findings, missing: str) -> None:
    """Add a finding for each bad file, at the first row that names it, and for each bad frame number."""
    first = table.drop_duplicates("media")
    for row, media in zip(np.flatnonzero(~table["media"].duplicated()), first["media"], strict=True):
        if media == ".." or media.startswith("../"):
            findings.add(f"{rows[row]}: {media} lies outside {root}, where it is not versioned; move it there")
        elif kind_of(root / media) is None:
            findings.add(f"{rows[row]}: {media} is neither a video nor an image; known are {KNOWN}")
        elif missing == "error" and not (root / media).is_file():
            findings.add(
                f"{rows[row]}: {media} is not there; add the file, correct the path, or remove its labels "
                f"(or set missing_images: skip)"
            )
    video = table["media"].map({m: is_video(root / m) for m in first["media"]}).to_numpy(dtype=bool)
    frame = table["frame"].to_numpy()
    wrong = np.flatnonzero(video & (frame < 0))
    findings.add_each(
        wrong,
        lambda i: (
            f"{rows[i]}: frame {frame[i] if frame[i] != -1 else 'number missing'} of {table['media'].iloc[i]}; "
            f"expected the frame's number in presentation order, from 0"
        ),
    )


def _check_duplicates(
    table: pd.DataFrame, xy: Float[np.ndarray, "N K 2"], rows: np.ndarray, findings: Findings
) -> None:
    """Add a finding for each instance of a frame that is labelled more than once."""
    key = ["media", "frame", "instance"]
    repeated = np.flatnonzero(table.duplicated(key))
    if not len(repeated):
        return
    group = table.groupby(key, sort=False).ngroup().to_numpy()
    first = np.full(group.max() + 1, -1)
    first[group[::-1]] = np.arange(len(group))[::-1]

    def describe(i: int) -> str:
        earlier = first[group[i]]
        frame = table["frame"].iloc[i]
        image = table["media"].iloc[i] + (f", frame {frame}" if frame >= 0 else "")
        if np.array_equal(xy[i], xy[earlier], equal_nan=True):
            return f"{rows[i]} repeats {rows[earlier]} ({image}); remove one"
        return f"{rows[earlier]} and {rows[i]} label {image} differently; keep the right one"

    findings.add_each(repeated, describe)
