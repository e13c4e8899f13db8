"""Labelled instances as the readers of annotation tools collect them, and the table that they become."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pipeline.annotations import SLICE_PREFIX
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.settings import MissingImages
from pipeline.collect.subject_setting import Subject
from pipeline.collect.subjects import clean, subjects_of
from pipeline.problem import Problem

UNKNOWN_SIZE = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Instance:
    """One labelled instance.

    Attributes:
        media: Image or video, relative to the source's root.
        number: What identifies the image, frame or track in the label file, for messages.
        frame: Frame of a video, from 0; -1 for an image.
        size: Width and height of the image as the label file states them; NaN if it does not.
        attributes: Values of the label file that may name the subject or become slices.
        points: x, y (pixels) and COCO's visibility (1 or 2) by the keypoint's index in the problem.
    """

    media: str
    number: str
    frame: int = -1
    size: tuple[float, float] = UNKNOWN_SIZE
    attributes: Mapping[str, Any] = field(default_factory=dict)
    points: dict[int, tuple[float, float, int]] = field(default_factory=dict)

    def add(
        self, k: int, xy: tuple[float | None, float | None], visibility: int, name: str, findings: Findings
    ) -> None:
        """Add a point; a finding if it is not two numbers, or if the instance has this keypoint already."""
        x, y = xy
        if x is None or y is None or np.isnan([x, y]).any():
            findings.add(f"{self.number}, {name}: found {xy}, expected the numbers x and y")
        elif k in self.points:
            findings.add(
                f"{self.number} labels {name} twice in one instance; remove one, or tell the instances apart if there "
                "are several"
            )
        else:
            self.points[k] = (x, y, visibility)


class InstanceSource(Protocol):
    """What `labels_of` uses of the settings of a source."""

    @property
    def subject(self) -> Subject | None:
        """The common setting of the subject."""

    @property
    def missing_images(self) -> MissingImages:
        """What to do if an image is missing."""


def order_of(names: Mapping[str, str], problem: Problem) -> dict[str, int]:
    """Map the name of each keypoint in the file, in Unicode's form NFC, to its index in the problem.

    Args:
        names: Name in the file by keypoint, where they differ.
        problem: Names of the keypoints.
    """
    return {clean(names.get(name, name)): k for k, name in enumerate(problem.keypoints)}


def labels_of(
    instances: list[Instance],
    source: InstanceSource,
    problem: Problem,
    root: Path,
    findings: Findings,
    dropped: dict[str, list[str]],
    notes: list[str],
    slices: tuple[str, ...] = (),
) -> Labels:
    """Put the instances of one label file into the table of labels.

    Args:
        instances: In the file's order.
        source: Settings of subject and missing images.
        problem: Names of the K keypoints.
        root: The folder that all media are relative to.
        findings: Findings of the file, which are raised at the end.
        dropped: What the reader left out, by the reason.
        notes: Sentences for the user from the reader.
        slices: Names of attributes that become slices.

    Raises:
        UserError: There are findings.
    """
    points = np.full((len(instances), len(problem.keypoints), 3), np.nan)
    for row, instance in enumerate(instances):
        for k, point in instance.points.items():
            points[row, k] = point
    media = pd.Series([i.media for i in instances], dtype="str")
    frame = pd.Series([i.frame for i in instances], dtype="int64")
    numbers = _unique([i.number for i in instances])
    rows = pd.Series(numbers, dtype="str")
    offered = pd.DataFrame([dict(i.attributes) for i in instances], dtype=object)
    size = np.array([i.size for i in instances], dtype=np.float64).reshape(-1, 2)
    columns = {
        "media": media,
        "frame": frame,
        "instance": frame.groupby([media, frame]).cumcount(),
        "subject": subjects_of(source.subject, media, offered, rows, findings),
        "source": f"{findings.where}:" + rows,
        "labelled_width": size[:, 0],
        "labelled_height": size[:, 1],
    }
    for name in slices:
        columns[f"{SLICE_PREFIX}{name}"] = pd.Series([str(i.attributes.get(name, "")) for i in instances], dtype="str")
    _check_repeats(points, media, frame, rows, findings)
    visibility = np.nan_to_num(points[..., 2]).astype(np.int64)
    labels = make_labels(
        pd.DataFrame(columns),
        problem.keypoints,
        points[..., :2],
        visibility,
        root,
        findings,
        source.missing_images,
        notes,
        unit="",
    )
    merged = {reason: dropped.get(reason, []) + rows for reason, rows in labels.dropped.items()}
    return replace(labels, dropped=dropped | merged)


def _unique(numbers: list[str]) -> list[str]:
    """Return the numbers; the second and further of the same get their count in brackets."""
    counts = Counter[str]()
    unique = []
    for number in numbers:
        counts[number] += 1
        unique.append(number if counts[number] == 1 else f"{number} ({counts[number]})")
    return unique


def _check_repeats(points: np.ndarray, media: pd.Series, frame: pd.Series, rows: pd.Series, findings: Findings) -> None:
    """Add a finding for each instance with the points of an earlier one of the same image."""
    earlier: dict[tuple[str, int, bytes], int] = {}
    for i in np.flatnonzero(~np.isnan(points[..., 0]).all(axis=1)):
        first = earlier.setdefault((media[i], frame[i], points[i].tobytes()), int(i))
        if first != i:
            findings.add(f"{rows[i]} repeats {rows[first]} ({media[i]}); remove one")
