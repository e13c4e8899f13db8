"""Readers of label formats. Each has one file and one entry in READERS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.collect.findings import Findings
from pipeline.collect.instances import refuse_several
from pipeline.collect.labels import Labels
from pipeline.collect.readers import (
    coco,
    coco_boxes,
    csv,
    cvat,
    deeplabcut,
    ee641,
    label_studio,
    labelme,
    landmarks,
    lightning_pose,
    sleap,
    via,
    yolo_pose,
)
from pipeline.collect.zero_points import without_zero_points
from pipeline.problem import Problem

Reader = Callable[[Path, Path, Any, Problem], Labels]
"""Takes label file, root of the source, settings of the source and problem; raises a UserError with every finding."""

READERS: dict[str, Reader] = {
    "csv": csv.read,
    "deeplabcut": deeplabcut.read,
    "coco": coco.read,
    "coco_boxes": coco_boxes.read,
    "ee641": ee641.read,
    "label_studio": label_studio.read,
    "via": via.read,
    "landmarks": landmarks.read,
    "labelme": labelme.read,
    "cvat": cvat.read,
    "sleap": sleap.read,
    "lightning_pose": lightning_pose.read,
    "yolo_pose": yolo_pose.read,
}


def read_labels(path: Path, root: Path, source: Any, problem: Problem) -> Labels:
    """Read a label file with its source's reader, and check what holds for all formats.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    labels = READERS[source.kind](path, root, source, problem)
    findings = Findings(path.relative_to(root).as_posix())
    labels = without_zero_points(labels, problem.keypoints, source.zero_points, findings)
    refuse_several(labels, problem, findings)
    findings.raise_any()
    return labels
