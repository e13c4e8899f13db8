"""One annotation of a Label Studio task: its choices, and its keypoints, rectangles and polygons in pixels.

Coordinates in an export are percent of the image's size, from its left and upper edge.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.collect.findings import Findings
from pipeline.collect.instances import add_point
from pipeline.collect.readers.json_file import is_finite
from pipeline.collect.settings import LabelStudioSource
from pipeline.problem import Problem

Points = dict[str, Float[np.ndarray, "2"]]
"""Keypoints (x, y) by name."""


@dataclass(frozen=True)
class Box:
    """The rectangle around a region.

    Attributes:
        region: The region's id.
        label: Name of its class; empty if the problem has none.
        xywh: Corner x, y, width and height, pixels.
    """

    region: str
    label: str
    xywh: Float[np.ndarray, "4"]


@dataclass
class Annotation:
    """One annotator's labels of a picture.

    Attributes:
        annotator: The person's e-mail or number.
        classes: The problem's classes that were chosen.
        points: Keypoints by the region that they belong to (`parentID`); empty if they belong to none.
        boxes: Rectangles and polygons.
        sizes: Sizes (width, height) of the image that the regions state.
    """

    annotator: str
    classes: list[str] = field(default_factory=list)
    points: dict[str, Points] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    sizes: set[tuple[float, float]] = field(default_factory=set)


def read_annotation(
    entry: dict[str, Any], source: LabelStudioSource, problem: Problem, where: str, findings: Findings
) -> Annotation:
    """Read an annotation.

    Args:
        entry: The annotation in the file.
        source: Names of keypoints and classes in the file.
        problem: Names of keypoints and classes.
        where: Name of the task in messages.
        findings: Gets a finding for a point that is labelled twice, a turned image, and what is no number.
    """
    person = entry.get("completed_by")
    person = person.get("email") or person.get("id") if isinstance(person, dict) else person
    annotation = Annotation(str(entry.get("id") if person is None else person))
    classes = {source.classes.get(name, name): name for name in problem.classes}
    points = {source.keypoints.get(name, name): name for name in problem.keypoints}
    for result in entry["result"]:
        if not isinstance(result, dict):
            findings.add(f"{where}: a result is {result!r}, expected an object; export the labels again")
            continue
        value = result.get("value")
        if not isinstance(value, dict):
            continue  # a relation between two results
        kind = result.get("type")
        if not isinstance(kind, str):
            findings.add(f"{where}: a result has no type; export the labels again")
            continue
        listed = value.get(kind) or value.get("labels") or []
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        chosen = [classes[name] for name in names if name in classes]
        annotation.classes += chosen
        wanted = [points[name] for name in names if name in points] if kind == "keypointlabels" else []
        if not (wanted or (kind != "keypointlabels" and (chosen or not problem.classes))):
            continue
        outline = _outline(value, result, annotation, where, findings)
        if outline is None:
            continue
        for name in wanted:
            add_point(
                annotation.points.setdefault(str(result.get("parentID") or ""), {}), name, outline[0], where, findings
            )
        if not wanted:
            low, high = outline.min(axis=0), outline.max(axis=0)
            label = chosen[0] if chosen else ""
            annotation.boxes.append(Box(str(result.get("id", "")), label, np.concatenate([low, high - low])))
    return annotation


def _outline(
    value: dict[str, Any], result: dict[str, Any], annotation: Annotation, where: str, findings: Findings
) -> Float[np.ndarray, "P 2"] | None:
    """Return the point, or the corners of the polygon or rectangle, in pixels.

    Returns `None` for a result without a place, and after adding a finding.
    """
    corners = value.get("points") if "points" in value else [[value.get("x"), value.get("y")]]
    if "points" not in value and not {"x", "y"} <= set(value):
        return None
    size: list[Any] = [result.get("original_width"), result.get("original_height")]
    extent = [value.get(key, 0) for key in ("width", "height", "rotation")]
    pairs = corners if isinstance(corners, list) else [corners]
    numbers = [number for pair in pairs for number in (pair if isinstance(pair, list) and len(pair) == 2 else [None])]
    if not pairs or not all(map(is_finite, [*numbers, *extent, *size])) or min(size) <= 0:
        findings.add(
            f"{where}: a region has the place {corners!r:.60} in an image of {size[0]!r} x {size[1]!r}; expected "
            "numbers (percent, and original_width and original_height in pixels); export the labels again"
        )
        return None
    if result.get("image_rotation"):
        findings.add(
            f"{where}: the image was turned by {result['image_rotation']} degrees when it was labelled "
            "(image_rotation); turn it back in Label Studio and export the labels again"
        )
        return None
    annotation.sizes.add((float(size[0]), float(size[1])))
    pixels = np.array(size, np.float64)
    start = np.array(pairs, np.float64) / 100 * pixels
    if "points" in value or "height" not in value:
        return np.asarray(start - 0.5)
    angle = np.deg2rad(extent[2])  # about the top-left corner, clockwise
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return np.asarray(start[0] + unit * (np.array(extent[:2]) / 100 * pixels) @ turn - 0.5)
