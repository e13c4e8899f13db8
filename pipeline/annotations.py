"""The annotation table: a row per labelled instance, stored as parquet.

The collect stage writes it, every later stage reads it. Columns:

=================  =======  ==========================================================================================
column             type     meaning
=================  =======  ==========================================================================================
image              string   image file, relative to the table's folder, with forward slashes; unique with `instance`
instance           int64    number of the instance within the image, from 0
subject            string   person or animal in the image; splits are grouped by it
video              string   video of the frame, relative to its source; empty for still images
frame              int64    frame number in presentation order, from 0; -1 for still images
time_s             float64  presentation time stamp in seconds; NaN for still images
width, height      int64    size of the image in pixels, as displayed (rotation metadata applied)
mm_per_px          float64  side of a pixel in millimetres, in the plane that is measured; NaN if unknown
box_x, box_y       float64  top-left corner of the instance's box, pixels
box_w, box_h       float64  size of that box, pixels
phash              string   64-bit perceptual hash of the image, 16 hex digits (pipeline/near_duplicates.py)
source             string   origin of the label, ``file:row``, for messages
slice_NAME         string   evaluation slices (skin tone, lighting, ...), any number of them
KEYPOINT_x, _y     float64  pixel coordinates, origin at the centre of the top-left pixel; NaN if not labelled
KEYPOINT_v         int64    COCO visibility: 0 not labelled, 1 labelled but hidden, 2 visible
class              string   one of the problem's classes, empty if not labelled; only if the problem has classes
exam               string   name of the subject's exam; only if images of an exam are measured together
origin_r, _a, _s   float64  patient coordinates (mm; right, front, head positive) of the centre of the top-left pixel;
                            NaN if the image's file lacks them; only if at least one file has them
along_x_r, _a, _s  float64  step from there to the next pixel on the right, mm; likewise
along_y_r, _a, _s  float64  step from there to the next pixel below, mm; likewise
KEYPOINT_observers float64  mean distance between several people's labels, pixels; only if several people labelled
=================  =======  ==========================================================================================
"""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from heelstrike.errors import UserError
from heelstrike.files import write_aside

FIXED_COLUMNS = {
    "image": "str",
    "instance": "int64",
    "subject": "str",
    "video": "str",
    "frame": "int64",
    "time_s": "float64",
    "width": "int64",
    "height": "int64",
    "mm_per_px": "float64",
    "box_x": "float64",
    "box_y": "float64",
    "box_w": "float64",
    "box_h": "float64",
    "phash": "str",
    "source": "str",
}
CLASS = "class"
EXAM = "exam"
PLACEMENT_COLUMNS = [f"{part}_{axis}" for part in ("origin", "along_x", "along_y") for axis in "ras"]
FIRST_CATEGORY = 1  # COCO category id of a problem's first class in the files between stages
NO_CATEGORY = FIRST_CATEGORY - 1  # category id of an instance whose class is not labelled
BOX_COLUMNS = ["box_x", "box_y", "box_w", "box_h"]
SLICE_PREFIX = "slice_"
TAKEN_SLICES = ("all", "subject")  # names of the slices that evaluation makes itself


def keypoint_columns(keypoints: tuple[str, ...]) -> list[str]:
    """Return the names of the keypoint columns in the table's order: a_x, a_y, a_v, b_x, ..."""
    return [f"{name}_{axis}" for name in keypoints for axis in "xyv"]


def slice_columns(table: pd.DataFrame) -> list[str]:
    """Return the names of the slice columns, sorted."""
    return sorted(c for c in table.columns if c.startswith(SLICE_PREFIX))


def observer_columns(table: pd.DataFrame, keypoints: tuple[str, ...]) -> list[str]:
    """Return the names of the table's columns with distances between observers."""
    return [c for c in (f"{name}_observers" for name in keypoints) if c in table.columns]


def observers_of(table: pd.DataFrame, keypoints: tuple[str, ...]) -> Float[np.ndarray, "N K"]:
    """Return the mean distance between the observers of each point, original pixels; NaN if there was at most one."""
    names = [f"{name}_observers" for name in keypoints]
    return table.reindex(columns=names).to_numpy(dtype=np.float64)


def keypoints_of(
    table: pd.DataFrame, keypoints: tuple[str, ...]
) -> tuple[Float[np.ndarray, "N K 2"], Int[np.ndarray, "N K"]]:
    """Return keypoints and visibilities as arrays.

    Returns:
        Coordinates (x, y) in original pixels, NaN if not labelled, (N, K, 2); COCO visibilities, (N, K).
    """
    values = table[keypoint_columns(keypoints)].to_numpy(dtype=np.float64).reshape(len(table), len(keypoints), 3)
    return values[..., :2].copy(), values[..., 2].astype(np.int64)


def placement_of(table: pd.DataFrame) -> Float[np.ndarray, "N 3 3"]:
    """Return each image's position in the patient: origin, step along x, step along y, mm (RAS); NaN if unknown."""
    return table.reindex(columns=PLACEMENT_COLUMNS).to_numpy(dtype=np.float64).reshape(len(table), 3, 3)


def exam_names(table: pd.DataFrame) -> np.ndarray:
    """Return the name of each image's exam: its subject, followed by its exam if the table has one."""
    subjects = table["subject"].to_numpy().astype(str)
    if EXAM not in table:
        return subjects
    exams = table[EXAM].fillna("").astype(str)
    return np.array([f"{s}/{e}" if e else s for s, e in zip(subjects, exams, strict=True)], str)


def in_patient_columns(table: pd.DataFrame) -> list[str]:
    """Return the names of the table's columns with an image's exam and position in the patient."""
    return [c for c in (EXAM, *PLACEMENT_COLUMNS) if c in table.columns]


def with_keypoints(
    table: pd.DataFrame,
    keypoints: tuple[str, ...],
    xy: Float[np.ndarray, "N K 2"],
    visibility: Int[np.ndarray, "N K"],
) -> pd.DataFrame:
    """Return the table with its keypoint columns set; the inverse of `keypoints_of`."""
    columns = {}
    for k, name in enumerate(keypoints):
        columns[f"{name}_x"], columns[f"{name}_y"] = xy[:, k, 0], xy[:, k, 1]
        columns[f"{name}_v"] = visibility[:, k].astype(np.int64)
    rest = table.drop(columns=[c for c in columns if c in table.columns])
    return pd.concat([rest, pd.DataFrame(columns, index=table.index)], axis=1)


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its rows in the order of `image` and `instance`; the same table if they are."""
    image, instance = table["image"], table["instance"].to_numpy()
    later, earlier = image.iloc[1:].array, image.iloc[:-1].array
    ordered = (later > earlier) | ((later == earlier) & (instance[1:] > instance[:-1]))
    return table if ordered.all() else table.sort_values(["image", "instance"], ignore_index=True)


def classes_of(table: pd.DataFrame, classes: tuple[str, ...]) -> Int[np.ndarray, " N"]:
    """Return the index of each row's class; -1 if it is not labelled."""
    if CLASS not in table.columns:
        return np.full(len(table), -1)
    return pd.Index(list(classes)).get_indexer(pd.Index(table[CLASS])).astype(np.int64)


def write_table(table: pd.DataFrame, path: Path, keypoints: tuple[str, ...]) -> None:
    """Write the annotation table atomically, with its columns in a fixed order and of the documented types.

    Raises:
        UserError: A column is missing.
    """
    classes, observers = [CLASS] if CLASS in table.columns else [], observer_columns(table, keypoints)
    patient = in_patient_columns(table)
    columns = [*FIXED_COLUMNS, *patient, *classes, *slice_columns(table), *keypoint_columns(keypoints), *observers]
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise UserError(f"{path}: the annotation table lacks the columns {missing}")
    types = FIXED_COLUMNS | dict.fromkeys(classes, "str") | dict.fromkeys(observers, "float64")
    types |= {name: "str" if name == EXAM else "float64" for name in patient}
    types |= {f"{k}_{axis}": "int64" if axis == "v" else "float64" for k in keypoints for axis in "xyv"}
    ordered = table[columns].astype(types).reset_index(drop=True)
    with write_aside(path) as aside:
        ordered.to_parquet(aside, index=False)


def read_table(path: Path, keypoints: tuple[str, ...]) -> pd.DataFrame:
    """Read the annotation table and check that it has this problem's columns.

    Raises:
        UserError: The file is missing, is not parquet, or lacks a column.
    """
    if not path.is_file():
        raise UserError(f"{path}: no annotation table there; run the collect stage first")
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable parquet file ({error}); run the collect stage again") from error
    missing = [c for c in [*FIXED_COLUMNS, *keypoint_columns(keypoints)] if c not in table.columns]
    if missing:
        raise UserError(f"{path}: the annotation table lacks the columns {missing}; run the collect stage again")
    return table
