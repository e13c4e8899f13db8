"""Comparison of the size that a label file states of its image with the image, and labels in pixels of the image.

Labels are often made on smaller copies. Where both sizes have one aspect ratio, the labels are scaled about the image's
corner, which lies half a pixel outside the centre of the first pixel: x becomes (x + 0.5) * s - 0.5.

A photograph may be stored on its side and turned for display (EXIF). Some programs state the size before turning, but
place points on the turned image; others do neither. Where the stated size is that before turning, the points decide:
if they lie inside the image only one way, it is that way, otherwise the label file is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from PIL import Image

from pipeline.annotations import BOX_COLUMNS, keypoints_of, observer_columns, with_keypoints
from pipeline.collect.findings import Findings, raise_all

WIDTH, HEIGHT = "labelled_width", "labelled_height"
SPACING = "labelled_mm_per_px"
"""Column that is True where the label file states `mm_per_px`, which is that of the image that was labelled."""

_ORIENTATION = 0x0112  # EXIF tag
_ADVICE = "put the image there that was labelled, or correct the size in the label file"


@dataclass
class _Geometry:
    """Labels of N instances, moved from pixels of the labelled images to pixels of the images.

    Attributes:
        xy: Keypoints.
        boxes: Corner x, y, width and height; NaN where there is none.
        stated: Width and height of the image that was labelled; NaN if unknown.
        actual: Width and height of the image as displayed.
    """

    xy: Float[np.ndarray, "N K 2"]
    boxes: Float[np.ndarray, "N 4"]
    stated: Float[np.ndarray, "N 2"]
    actual: Float[np.ndarray, "N 2"]
    notes: list[str] = field(default_factory=list)

    @property
    def differs(self) -> Bool[np.ndarray, " N"]:
        """True where both sizes are known and differ."""
        return np.isfinite(self.stated).all(axis=1) & (self.stated != self.actual).any(axis=1)

    def inside(self, rows: Int[np.ndarray, " R"], size: Float[np.ndarray, "R 2"]) -> bool:
        """Return True if all points and boxes of some instances lie in images of the given sizes."""
        boxes = self.boxes[rows]
        corners = np.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        points = np.concatenate([self.xy[rows], corners], axis=1)
        outside = (points < -0.5) | (points > size[:, None] - 0.5)  # False for NaN
        return not outside.any()

    def turn(self, row: int, orientation: int) -> None:
        """Move the labels of one instance from the stored image to the displayed one (EXIF orientation 5 to 8)."""
        largest = self.stated[row] - 1
        x, y, width, height = self.boxes[row]
        corners = np.array([[x, y], [x + width, y + height]])
        points = np.concatenate([self.xy[row], corners])
        along_x, along_y = points[:, 1], points[:, 0]
        along_x = largest[1] - along_x if orientation in (6, 7) else along_x
        along_y = largest[0] - along_y if orientation in (7, 8) else along_y
        points = np.stack([along_x, along_y], axis=1)
        self.xy[row] = points[:-2]
        self.boxes[row] = [*points[-2:].min(axis=0), height, width]

    def scale(self, rows: Int[np.ndarray, " R"]) -> Float[np.ndarray, "R 2"]:
        """Move labels of some instances from the stated to the actual size, and return the factors along x and y."""
        factors = self.actual[rows] / self.stated[rows]
        self.xy[rows] = (self.xy[rows] + 0.5) * factors[:, None] - 0.5
        self.boxes[rows, :2] = (self.boxes[rows, :2] + 0.5) * factors - 0.5
        self.boxes[rows, 2:] *= factors
        return factors


def in_image_pixels(table: pd.DataFrame, keypoints: tuple[str, ...]) -> tuple[pd.DataFrame, list[str]]:
    """Compare the stated with the actual sizes, and bring the labels into pixels of the images.

    Args:
        table: Labels with the size of their images (see `with_images`). May have the columns `labelled_width` and
            `labelled_height`, the size that the label file states as displayed; NaN where it states none.
        keypoints: Names of the keypoints.

    Returns:
        The table without these columns, and a sentence for each way in which labels were moved. Labels whose image has
        the stated size are the same numbers as before.

    Raises:
        UserError: An image has another aspect ratio than the label file states, or it is unknown which way up its
            labels are.
    """
    helpers = [column for column in (WIDTH, HEIGHT, SPACING) if column in table]
    if WIDTH not in table or HEIGHT not in table:
        return table.drop(columns=helpers), []
    boxes = table.reindex(columns=BOX_COLUMNS).to_numpy(dtype=np.float64, copy=True)
    xy, visibility = keypoints_of(table, keypoints)
    stated = table[[WIDTH, HEIGHT]].to_numpy(np.float64, copy=True)
    geometry = _Geometry(xy, boxes, stated, table[["width", "height"]].to_numpy(np.float64))
    if not geometry.differs.any():
        return table.drop(columns=helpers), []
    errors = []
    for where, rows in _by_label_file(table, np.flatnonzero(geometry.differs)):
        findings = Findings(where)
        _turn(table, geometry, rows, findings)
        _refuse_other_shapes(table, geometry, rows, findings)
        errors += findings.errors()
    raise_all(errors)
    rows = np.flatnonzero(geometry.differs)
    factors = geometry.scale(rows)
    geometry.notes += _notes(table, geometry, rows)
    return _moved(table.drop(columns=helpers), table, geometry, keypoints, visibility, rows, factors), geometry.notes


def _moved(
    bare: pd.DataFrame,
    table: pd.DataFrame,
    geometry: _Geometry,
    keypoints: tuple[str, ...],
    visibility: Int[np.ndarray, "N K"],
    rows: Int[np.ndarray, " R"],
    factors: Float[np.ndarray, "R 2"],
) -> pd.DataFrame:
    """Return the table with the moved labels; lengths on the image follow the mean factor."""
    moved = with_keypoints(bare, keypoints, geometry.xy, visibility)
    if set(BOX_COLUMNS) <= set(bare.columns):
        moved[BOX_COLUMNS] = geometry.boxes
    mean = np.ones(len(table))
    mean[rows] = factors.mean(axis=1)
    for column in observer_columns(table, keypoints):
        moved[column] = moved[column] * mean
    if SPACING in table:
        moved["mm_per_px"] = moved["mm_per_px"].where(~table[SPACING].eq(True), moved["mm_per_px"] / mean)
    return moved


def _by_label_file(table: pd.DataFrame, rows: Int[np.ndarray, " R"]) -> Iterator[tuple[str, Int[np.ndarray, " F"]]]:
    files = np.array([source.rpartition(":")[0] for source in table["source"].iloc[rows]], dtype=object)
    for file in dict.fromkeys(files):
        yield str(file), rows[files == file]


def _one_shape(stated: Float[np.ndarray, "R 2"], actual: Float[np.ndarray, "R 2"]) -> Bool[np.ndarray, " R"]:
    """Return True where the sizes have one aspect ratio, up to the rounding of the smaller image to whole pixels."""
    smaller = (stated.prod(axis=1) <= actual.prod(axis=1))[:, None]
    small, large = np.where(smaller, stated, actual), np.where(smaller, actual, stated)
    lowest, highest = ((small - 1) / large).max(axis=1), ((small + 1) / large).min(axis=1)
    return lowest < highest


def _turn(table: pd.DataFrame, geometry: _Geometry, rows: Int[np.ndarray, " R"], findings: Findings) -> None:
    """Bring the labels of one file whose stated sizes are those before turning to the displayed images."""
    stated, actual = geometry.stated[rows], geometry.actual[rows]
    rows = rows[~_one_shape(stated, actual) & _one_shape(stated, actual[:, ::-1])]
    if not len(rows):
        return
    stated = geometry.stated[rows]
    orientations = [_orientation(Path(path)) for path in table["file"].iloc[rows]]
    as_stored, as_displayed = geometry.inside(rows, stated), geometry.inside(rows, stated[:, ::-1])
    count = table["media"].iloc[rows].nunique()
    if as_displayed and not as_stored:
        geometry.notes.append(
            f"{findings.where}: width and height are exchanged for {count} images (the size before they are turned for "
            "display); the labels lie as displayed"
        )
    elif as_stored and not as_displayed and all(orientation >= 5 for orientation in orientations):
        for row, orientation in zip(rows, orientations, strict=True):
            geometry.turn(int(row), orientation)
        geometry.notes.append(
            f"{findings.where}: the labels of {count} images were made before they are turned for display (EXIF); they "
            "were turned too"
        )
    else:
        row = rows[0]
        findings.add(
            f"{table['media'].iloc[row]} is {_size(geometry.actual[row])} as displayed, the label file states "
            f"{_size(geometry.stated[row])}, and its points could be meant either way up ({count} images); turn the "
            "images and remove their EXIF orientation, or exchange width and height in the label file"
        )
        return
    geometry.stated[rows] = stated[:, ::-1]


def _orientation(path: Path) -> int:
    """Return the EXIF orientation of an image; 1 if it has none or is a video."""
    try:
        with Image.open(path) as image:
            return int(image.getexif().get(_ORIENTATION, 1))
    except (OSError, ValueError, SyntaxError):
        return 1


def _refuse_other_shapes(
    table: pd.DataFrame, geometry: _Geometry, rows: Int[np.ndarray, " R"], findings: Findings
) -> None:
    wrong = rows[~_one_shape(geometry.stated[rows], geometry.actual[rows])]
    if findings.count:  # images on their side are named already
        wrong = wrong[~_one_shape(geometry.stated[wrong], geometry.actual[wrong][:, ::-1])]
    once = wrong[~table["media"].iloc[wrong].duplicated().to_numpy()]
    for row in once:
        findings.add(
            f"{table['media'].iloc[row]} is {_size(geometry.actual[row])}, but was labelled as an image of "
            f"{_size(geometry.stated[row])}, which has another aspect ratio; {_ADVICE}"
        )


def _notes(table: pd.DataFrame, geometry: _Geometry, rows: Int[np.ndarray, " R"]) -> list[str]:
    """Return a sentence for each label file and pair of sizes."""
    groups: dict[tuple[str, str, str, str], set[str]] = {}
    for file, part in _by_label_file(table, rows):
        for row in part:
            stated, actual = geometry.stated[row], geometry.actual[row]
            factors = " and ".join(dict.fromkeys(f"{factor:.6g}" for factor in actual / stated))
            key = (file, _size(stated), factors, _size(actual))
            groups.setdefault(key, set()).add(f"{table['media'].iloc[row]}:{table['frame'].iloc[row]}")
    return [
        f"{file}: {len(images)} images: labels made at {stated} scaled by {factors} to {actual}"
        for (file, stated, factors, actual), images in groups.items()
    ]


def _size(size: Float[np.ndarray, "2"]) -> str:
    return f"{size[0]:.6g}x{size[1]:.6g}"
