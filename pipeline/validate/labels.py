"""The annotation table as arrays, which all checks use."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from pipeline.problem import Problem


@dataclass(frozen=True)
class LabelArrays:
    """N labelled instances of a problem with K keypoints, in the order of the annotation table.

    Attributes:
        problem: Names and relations of the keypoints.
        xy: Keypoints as (x, y) in original pixels; NaN where not labelled.
        visibility: COCO's 0, 1, 2.
        size: Width and height of each image in the table, pixels.
        file_size: Width and height of each image file, pixels; -1 where there is no readable file.
        boxes: x, y, width, height of each box, pixels.
        image, subject, video, phash: Columns of the annotation table, as object arrays of strings.
        category: Column `class`; empty strings where the problem has no classes.
        instance, frame: Columns of the annotation table.
        time_s: Presentation time stamp in seconds; NaN for still images.
    """

    problem: Problem
    xy: Float[np.ndarray, "N K 2"]
    visibility: Int[np.ndarray, "N K"]
    size: Int[np.ndarray, "N 2"]
    file_size: Int[np.ndarray, "N 2"]
    boxes: Float[np.ndarray, "N 4"]
    image: np.ndarray
    subject: np.ndarray
    video: np.ndarray
    phash: np.ndarray
    category: np.ndarray
    instance: Int[np.ndarray, " N"]
    frame: Int[np.ndarray, " N"]
    time_s: Float[np.ndarray, " N"]

    def __len__(self) -> int:
        return len(self.xy)

    @cached_property
    def labelled(self) -> Bool[np.ndarray, "N K"]:
        """True for each point with a usable label: visibility above 0 and finite coordinates."""
        return (self.visibility > 0) & np.isfinite(self.xy).all(-1)

    @cached_property
    def points(self) -> Float[np.ndarray, "N K 2"]:
        """`xy` with NaN for each point without a usable label."""
        return np.where(self.labelled[..., None], self.xy, np.nan)

    def of(self, name: str) -> Float[np.ndarray, "N 2"]:
        """Return one keypoint in all rows, NaN where it has no usable label."""
        return self.points[:, self.problem.keypoints.index(name)]

    @cached_property
    def subjects(self) -> dict[str, Int[np.ndarray, " n"]]:
        """Rows of each subject; subjects are sorted by name."""
        names, codes = np.unique(self.subject.astype(str), return_inverse=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
        return dict(zip(names.tolist(), parts, strict=True))

    @cached_property
    def tracks(self) -> list[Int[np.ndarray, " n"]]:
        """Rows of each instance of each video in the order of frames. Still images belong to no track."""
        rows = ((self.video != "") & (self.frame >= 0)).nonzero()[0]
        _, video = np.unique(self.video[rows].astype(str), return_inverse=True)
        order = np.lexsort((self.frame[rows], self.instance[rows], video))
        rows, key = rows[order], np.stack([video, self.instance[rows]], axis=1)[order]
        return [part for part in np.split(rows, (np.diff(key, axis=0) != 0).any(axis=1).nonzero()[0] + 1) if len(part)]
