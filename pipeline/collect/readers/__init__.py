"""Readers of label formats: one file each, one entry each in READERS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.collect.labels import Labels
from pipeline.collect.readers import coco, csv, deeplabcut, landmarks, via

Reader = Callable[[Path, Path, Any, tuple[str, ...]], Labels]
"""(label file, root of the source, settings of the source, keypoints) to labels; UserError with every finding."""

READERS: dict[str, Reader] = {
    "csv": csv.read,
    "deeplabcut": deeplabcut.read,
    "coco": coco.read,
    "via": via.read,
    "landmarks": landmarks.read,
}
