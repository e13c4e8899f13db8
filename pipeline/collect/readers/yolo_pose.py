"""YOLO pose: a YAML that describes the data set, and a text file for each image with a line for each instance.

A line holds class, box (centre, width, height) and x, y (, visibility) of each keypoint, as shares of the width and
height of the image as displayed. A share becomes a pixel by ``x * width`` and ``y * height``, without an offset of half
a pixel: this inverts Ultralytics' converter and other exporters, which divide pixels by the size.

Format: https://docs.ultralytics.com/datasets/pose/.
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.images import image_size
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels
from pipeline.collect.readers.labelled_instances import Instance, labels_of, order_of
from pipeline.collect.readers.yolo_files import YoloDataSet, YoloImage, images_of, read_data_set
from pipeline.collect.settings import YoloPoseSource
from pipeline.collect.subjects import clean
from pipeline.problem import Problem

_BOX = 5  # class, and centre and size of the box
_SLACK = 0.01  # share of the image, since exporters round
_ONLY_A_BOX = "a box without keypoints"


def read(path: Path, root: Path, source: YoloPoseSource, problem: Problem) -> Labels:
    """Read a data set; every line of a label file is an instance.

    Args:
        path: The YAML.
        root: The folder that all media of the source are relative to.
        source: Names of the keypoints, and the class that is read.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the files; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    data = read_data_set(path, findings)
    reading = _Reading(root, source, data, findings, order_of(source.keypoints, problem))
    reading.check_names()
    images, absent = images_of(path, data, findings, source.missing_images)
    findings.raise_any()
    labelled = [image for image in images if image.labels.is_file()]
    if absent:
        reading.dropped["the folder of the images is not there"] = [f"{findings.where}:{entry}" for entry in absent]
    if len(labelled) < len(images):
        reading.notes.append(f"{findings.where}: {len(images) - len(labelled)} images have no label file")
    instances = [instance for image in labelled for instance in reading.instances(image)]
    labels = labels_of(instances, source, problem, root, findings, reading.dropped, reading.notes, source.slices)
    return replace(labels, files=[_relative(root, image.labels) for image in labelled])


@dataclass
class _Reading:
    """What the lines of one data set become."""

    root: Path
    source: YoloPoseSource
    data: YoloDataSet
    findings: Findings
    order: dict[str, int]
    dropped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def names_of(self, category: int) -> list[str]:
        """Return the names of the keypoints of a class, in the order of its lines."""
        if self.source.names:
            return [clean(name) for name in self.source.names]
        points = self.data.points
        return points.get(category) or (next(iter(points.values())) if points else list(self.order))

    def check_names(self) -> None:
        """Add a finding if the names of the keypoints are unknown or lack some of the problem's."""
        where, count = self.findings.where, self.data.count
        if not self.source.names and not self.data.points:
            if count != len(self.order):
                self.findings.add(
                    f"kpt_shape: {count} keypoints without names (kpt_names), the problem has {len(self.order)}; list "
                    "the names in their order in params under `names`"
                )
                return
            self.notes.append(f"{where}: does not name its keypoints; taken as {list(self.order)}, in this order")
        for category in self.data.points or {0: []}:
            names = self.names_of(category)
            lacking = [name for name in self.order if name not in names]
            if len(names) != count:
                self.findings.add(f"{len(names)} names of keypoints {names}, kpt_shape states {count}")
            elif len(set(names)) < len(names):
                self.findings.add(f"names of keypoints repeat: {names}; give each keypoint a name of its own")
            elif lacking:
                self.findings.add(f"no keypoint {lacking}; found {names}; name them in params under `keypoints`")

    def instances(self, image: YoloImage) -> list[Instance]:
        """Return the instances of an image; one without points if its label file is empty."""
        media, labels = _relative(self.root, image.image), _relative(self.root, image.labels)
        try:
            lines = image.labels.read_bytes().decode("utf-8-sig").splitlines()
            size = image_size(image.image) if image.image.is_file() else (1, 1)  # if missing, left out later
        except (ValueError, UserError) as error:
            reason = str(error) if isinstance(error, UserError) else "not a text file in UTF-8"
            self.findings.add(f"{labels}: {reason}")
            return []
        rows = [(f"{labels} line {n}", line.split()) for n, line in enumerate(lines, start=1) if line.strip()]
        instances = [i for number, row in rows if (i := self._instance(media, image.split, number, row, size))]
        about = {"split": image.split, "class": ""}
        return instances if rows else [Instance(media, labels, attributes=about)]

    def _instance(self, media: str, split: str, number: str, row: list[str], size: tuple[int, int]) -> Instance | None:
        expected = _BOX + self.data.count * self.data.width
        if len(row) == _BOX:
            self.dropped.setdefault(_ONLY_A_BOX, []).append(f"{self.findings.where}:{number}")
            return None
        values = _numbers(row)
        if len(row) != expected or values is None:
            flaw = f"{len(row)} values" if len(row) != expected else f"{' '.join(row)[:80]!r}"
            self.findings.add(f"{number}: {flaw}, expected {expected} numbers: class, box, and keypoints by kpt_shape")
            return None
        category = int(values[0])
        name = self.data.classes.get(category, str(category))
        if self.source.category is not None and name != self.source.category:
            self.dropped.setdefault(f"the class {name!r} is not the one that `category` names", []).append(
                f"{self.findings.where}:{number}"
            )
            return None
        instance = Instance(media, number, attributes={"split": split, "class": name})
        points = values[_BOX:].reshape(self.data.count, self.data.width)
        for point_name, point in zip(self.names_of(category), points, strict=True):
            self._add_point(instance, point_name, point, size)
        return instance

    def _add_point(self, instance: Instance, name: str, point: Float[np.ndarray, " D"], size: tuple[int, int]) -> None:
        """Add a point; (0, 0) is not labelled if there is no visibility, as Ultralytics reads it."""
        visibility = point[2] if len(point) > 2 else 2 * float(point.any())
        if visibility not in (0, 1, 2):
            self.findings.add(f"{instance.number}: visibility {visibility} of {name}, expected 0, 1 or 2")
        elif visibility and name in self.order:
            if not np.isfinite(point).all() or (point[:2] < -_SLACK).any() or (point[:2] > 1 + _SLACK).any():
                self.findings.add(
                    f"{instance.number}: {name} at {point[:2].tolist()}, expected shares of the image, 0 to 1"
                )
                return
            xy = float(point[0] * size[0]), float(point[1] * size[1])
            instance.add(self.order[name], xy, int(visibility), name, self.findings)


def _numbers(row: list[str]) -> Float[np.ndarray, " N"] | None:
    """Return the values of a line; `None` if one is no number, or the class is no whole number."""
    try:
        values = np.array([float(cell) for cell in row])
    except ValueError:
        return None
    return values if np.isfinite(values[0]) and values[0] == int(values[0]) else None


def _relative(root: Path, path: Path) -> str:
    """Return a path relative to the root, with forward slashes."""
    return Path(os.path.relpath(path, root)).as_posix()
