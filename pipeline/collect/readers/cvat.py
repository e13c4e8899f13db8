"""CVAT XML 1.1, for images and for video: skeletons, single points, and points in order.

A skeleton is an instance. Single points of an image are an instance if they have the same `group_id`. A point that is
`outside` is not labelled, one that is `occluded` has visibility 1. Coordinates are taken as they are.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.media import IMAGES, is_video
from pipeline.collect.findings import Findings
from pipeline.collect.labels import NOTHING_LABELLED, Labels
from pipeline.collect.readers.cvat_meta import label_names, tasks_of
from pipeline.collect.readers.cvat_objects import CvatObject, Points, objects_of
from pipeline.collect.readers.labelled_instances import Instance, labels_of, order_of
from pipeline.collect.readers.media_files import MediaFiles
from pipeline.collect.readers.xml_file import read_xml
from pipeline.collect.settings import CvatSource
from pipeline.collect.subjects import clean
from pipeline.problem import Problem

_INTERPOLATED = "interpolated by CVAT between two keyframes (`interpolated: true` reads them)"
_FRAME_NAME = re.compile(r"frame_(\d+)$")


def read(path: Path, root: Path, source: CvatSource, problem: Problem) -> Labels:
    """Read an XML file.

    Args:
        path: The XML.
        root: The folder that all media of the source are relative to.
        source: Labels of the keypoints, and what names the subject.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    tree = read_xml(path, findings)
    if tree.tag != "annotations":
        raise UserError(f"{findings.where}: not CVAT XML: expected the element annotations, found {tree.tag!r}")
    content = objects_of(tree, tasks_of(tree), findings)
    reading = _Reading(source, order_of(source.keypoints, problem), findings)
    for tag, number in content.others:
        reading.drop(f"a {tag}, not points", number)
    for number in content.empty:
        reading.drop(NOTHING_LABELLED, number)
    labels = {clean(name) for name in label_names(tree)}
    labels |= {clean(shape.label) for o in content.objects for shape in o.shapes}
    _check_labels(labels, reading)
    folder = path.parent / source.images
    media = _Media(root, MediaFiles(root, [folder, folder / "images"], findings), findings)
    instances = [i for o in content.objects for i in reading.instances(o, *media.of(o))]
    notes = [f"{findings.where}: {n} points {name!r} of skeletons are not used" for name, n in reading.unused.items()]
    return labels_of(instances, source, problem, root, findings, reading.dropped, notes, source.slices)


def _check_labels(labels: set[str], reading: "_Reading") -> None:
    lacking = [label for label in reading.order if label not in labels]
    if lacking and reading.source.skeleton not in labels:
        reading.findings.add(
            f"no label {lacking}; found {sorted(labels)}; name the labels of the keypoints in params under "
            "`keypoints`, or under `skeleton` the label of points that are the keypoints in order"
        )


@dataclass
class _Reading:
    """What the objects of one file become.

    Attributes:
        source: Settings of the source.
        order: Index of the keypoint by label.
        findings: Findings of the file.
        dropped: What is left out, by the reason.
        unused: Number of points of skeletons that are no keypoint, by their label.
    """

    source: CvatSource
    order: dict[str, int]
    findings: Findings
    dropped: dict[str, list[str]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str, number: str) -> None:
        """List something that is left out."""
        self.dropped.setdefault(reason, []).append(f"{self.findings.where}:{number}")

    def instances(self, labelled: CvatObject, media: str, frame: int) -> list[Instance]:
        """Return the instances of an object: one, or one for each shape whose points are the keypoints in order."""
        visible = [shape for shape in labelled.shapes if not shape.outside]
        new = Instance(media, labelled.number, frame, labelled.size, labelled.attributes, {})
        if not visible:  # an image is listed as not labelled; a tracked object is not in this frame
            return [new] if labelled.image is not None else []
        if not (labelled.keyframe or self.source.interpolated):
            self.drop(_INTERPOLATED, labelled.number)
            return []
        if labelled.skeleton is None and self.source.skeleton is not None:
            wanted = [shape for shape in visible if self._is_wanted(shape.label, labelled.number)]
            return [self._in_order(replace(new, points={}), shape) for shape in wanted]
        if labelled.skeleton is not None and not self._is_wanted(labelled.skeleton, labelled.number):
            return []
        for shape in visible:
            self._add(new, shape, labelled.skeleton is not None)
        return [new] if new.points else []

    def _is_wanted(self, label: str, number: str) -> bool:
        if self.source.skeleton is None or clean(label) == clean(self.source.skeleton):
            return True
        self.drop(f"the label {clean(label)!r} is not the one that `skeleton` names", number)
        return False

    def _in_order(self, instance: Instance, shape: Points) -> Instance:
        pairs = _pairs(shape.text)
        if len(pairs) != len(self.order):
            self.findings.add(
                f"{instance.number}: {len(pairs)} points {shape.label!r}, expected the problem's {len(self.order)} "
                "keypoints in order"
            )
        for (label, k), xy in zip(self.order.items(), pairs, strict=False):
            instance.add(k, xy, 1 if shape.occluded else 2, label, self.findings)
        return instance

    def _add(self, instance: Instance, shape: Points, in_skeleton: bool) -> None:
        label, pairs = clean(shape.label), _pairs(shape.text)
        if label not in self.order and in_skeleton:
            self.unused[label] += 1
        elif label not in self.order:
            self.drop(f"the label {label!r} is not a keypoint of the problem", instance.number)
        elif len(pairs) != 1:
            self.findings.add(f"{instance.number}: {len(pairs)} points {label!r} in one shape, expected one")
        else:
            instance.add(self.order[label], pairs[0], 1 if shape.occluded else 2, label, self.findings)


class _Media:
    """Finds the image or video of an object.

    CVAT names the frames of a video ``frame_000042`` if it exports them as images, with their number in the video. They
    are read from the video, or from image files of that name if the video is not there.
    """

    def __init__(self, root: Path, files: MediaFiles, findings: Findings) -> None:
        self._root, self._files, self._findings = root, files, findings

    def of(self, labelled: CvatObject) -> tuple[str, int]:
        """Return the path relative to the root, and the frame; -1 for an image."""
        name, video = labelled.image, labelled.task.video
        frame = labelled.frame if name is None else _frame_number(name)
        if name is not None and (frame is None or not video):
            if not name:
                self._findings.add(f"{labelled.number}: the attribute name is empty, expected the image's file name")
            return self._files.path(name), -1
        if not video:
            self._findings.add(
                f"{labelled.number}: meta names no source video; export images with `CVAT for images 1.1` instead"
            )
            return "", -1
        if not labelled.task.has(int(frame or 0)):
            self._findings.add(
                f"{labelled.number}: the task has the frames {labelled.task.frames} of {video} (start_frame, "
                "frame_filter); number the frames as in the video"
            )
        return self._frame_of_video(video, int(frame or 0))

    def _frame_of_video(self, video: str, frame: int) -> tuple[str, int]:
        path = self._files.path(video)
        if not (self._root / path).is_file():
            stills = [self._files.path(f"frame_{frame:06d}{suffix}") for suffix in (*IMAGES, *map(str.upper, IMAGES))]
            still = next((s for s in stills if (self._root / s).is_file()), None)
            if still is not None:
                return still, -1
        return path, frame if is_video(path) else -1


def _frame_number(name: str) -> int | None:
    """Return the frame that CVAT's name of an image states; `None` for an image of another name."""
    match = _FRAME_NAME.match(Path(name).stem)
    return int(match[1]) if match else None


def _pairs(text: str) -> list[tuple[float | None, float | None]]:
    """Return the points of ``x,y;x,y``; `None` for what is not a number."""
    pairs = [part.split(",") for part in text.split(";") if part.strip()]
    return [(_number(p[0]), _number(p[1])) if len(p) == 2 else (None, None) for p in pairs]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
