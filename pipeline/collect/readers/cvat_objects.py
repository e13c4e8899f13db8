"""The objects in CVAT's XML 1.1: skeletons and single points of images and of tracks, before they get a meaning.

Tracks hold a shape for each frame in which the object is; CVAT writes the frames between two keyframes too. The points
of a tracked skeleton are inside its shapes or, in files of older versions, in tracks inside its track.

Format: https://docs.cvat.ai/docs/manual/advanced/xml_format.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from pipeline.collect.findings import Findings
from pipeline.collect.readers.cvat_meta import Task
from pipeline.collect.readers.labelled_instances import UNKNOWN_SIZE

_OTHER_SHAPES = ("box", "polygon", "polyline", "cuboid", "ellipse", "mask")


@dataclass(frozen=True)
class Points:
    """A shape of one or more points.

    Attributes:
        label: The shape's label.
        text: Coordinates as ``x,y;x,y``, pixels.
        outside: True if the shape is not in this frame.
        occluded: True if the shape is covered.
    """

    label: str
    text: str
    outside: bool
    occluded: bool


@dataclass
class CvatObject:
    """A skeleton, or the single points of one group, in an image or a frame.

    Attributes:
        number: What identifies image, or track and frame, in messages.
        task: The task that it belongs to.
        image: Name of the image; `None` in a track.
        frame: Number of the image in the task's video, or frame of the track.
        size: Width and height as the file states them; NaN if it does not.
        skeleton: Label of the skeleton; `None` for single points.
        attributes: Attributes by name.
        shapes: The points.
        keyframe: False if CVAT interpolated the object between two keyframes.
    """

    number: str
    task: Task
    image: str | None
    frame: int
    size: tuple[float, float]
    skeleton: str | None
    attributes: dict[str, str]
    shapes: list[Points] = field(default_factory=list)
    keyframe: bool = True


@dataclass
class CvatObjects:
    """All objects of a file.

    Attributes:
        objects: In the file's order. An image without points has one object without shapes.
        others: Tag and number of the shapes that are neither points nor skeletons.
        empty: Tracks whose points are outside in every frame.
    """

    objects: list[CvatObject] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def objects_of(tree: Element, tasks: dict[str, Task], findings: Findings) -> CvatObjects:
    """Return the objects of all images and tracks."""
    result = CvatObjects()
    for position, image in enumerate(tree.findall("image")):
        result.objects += _of_image(image, position, tasks, result, findings)
    tracked: dict[tuple[str, int], CvatObject] = {}
    for position, track in enumerate(tree.findall("track")):
        _of_track(track, position, tasks, tracked, result, findings)
    result.objects += tracked.values()
    return result


def _of_image(
    image: Element, position: int, tasks: dict[str, Task], result: CvatObjects, findings: Findings
) -> list[CvatObject]:
    number = f"image {image.get('id', position)}"
    size = (_positive(image.get("width")), _positive(image.get("height")))
    attributes = {k: v for k, v in image.attrib.items() if k not in ("id", "width", "height")}
    for tag in image.findall("tag"):
        attributes |= {"tag": tag.get("label", "")} | _attributes(tag)
    task = tasks.get(image.get("task_id", ""), tasks[""])
    frame = _frame(image.get("id", str(position)), number, findings)

    def new(skeleton: str | None) -> CvatObject:
        return CvatObject(number, task, image.get("name", ""), frame, size, skeleton, dict(attributes))

    objects: dict[object, CvatObject] = {}
    for place, shape in enumerate(image):
        if shape.tag in _OTHER_SHAPES:
            result.others.append((shape.tag, number))
        elif shape.tag == "skeleton":
            objects[place] = skeleton = new(shape.get("label", ""))
            skeleton.attributes |= _attributes(shape)
            skeleton.shapes += _points_in(shape, "")
        elif shape.tag == "points":
            group = objects.setdefault(f"group {shape.get('group_id', '')}", new(None))
            group.attributes |= _attributes(shape)
            group.shapes += _points_in(shape, shape.get("label", ""))
    return list(objects.values()) or [new(None)]


def _of_track(
    track: Element,
    position: int,
    tasks: dict[str, Task],
    tracked: dict[tuple[str, int], CvatObject],
    result: CvatObjects,
    findings: Findings,
) -> None:
    """Add the objects of a track; single points of several tracks with the same group are one object."""
    name, label = f"track {track.get('id', position)}", track.get("label", "")
    parts = list(_parts_of_track(track))
    skeleton = label if any(part.tag == "skeleton" for part, _ in parts) or track.find("track") is not None else None
    key = f"group {track.get('group_id', '')}" if skeleton is None else f"skeleton {position}"
    task = tasks.get(track.get("task_id", ""), tasks[""])
    result.others += [
        (part.tag, f"{name}, frame {part.get('frame')}") for part, _ in parts if part.tag in _OTHER_SHAPES
    ]
    pointed = [(part, part_label) for part, part_label in parts if part.tag in ("points", "skeleton")]
    if pointed and all(shape.outside for part, _ in pointed for shape in _points_in(part, "")):
        result.empty.append(name)
    for part, part_label in pointed:
        frame = _frame(part.get("frame", ""), name, findings)
        default = CvatObject(f"{name}, frame {frame}", task, None, frame, task.size, skeleton, {}, keyframe=False)
        place = tracked.setdefault((key, frame), default)
        place.attributes |= {"track": track.get("id", "")} | _attributes(part)
        place.shapes += _points_in(part, part_label)
        place.keyframe |= any(shape.get("keyframe", "1") == "1" for shape in part.iter() if shape.tag != "attribute")


def _parts_of_track(track: Element) -> Iterator[tuple[Element, str]]:
    """Return the shapes of a track, and of the tracks inside it, with the label of their track."""
    for part in track:
        if part.tag == "track":
            yield from ((shape, part.get("label", "")) for shape in part)
        else:
            yield part, track.get("label", "")


def _points_in(shape: Element, label: str) -> list[Points]:
    """Return the points of a skeleton, or the shape of points itself with its label."""
    if shape.tag == "skeleton":
        return [points for part in shape.findall("points") for points in _points_in(part, part.get("label", ""))]
    return [Points(label, shape.get("points", ""), shape.get("outside") == "1", shape.get("occluded") == "1")]


def _attributes(element: Element) -> dict[str, str]:
    return {a.get("name", ""): (a.text or "").strip() for a in element.findall("attribute")}


def _frame(text: str, number: str, findings: Findings) -> int:
    if not text.isdecimal():
        findings.add(f"{number}: found the number {text!r}, expected a whole number from 0")
        return 0
    return int(text)


def _positive(text: str | None) -> float:
    return float(text) if text and text.isdecimal() and int(text) > 0 else UNKNOWN_SIZE[0]
