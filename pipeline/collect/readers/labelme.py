"""LabelMe, versions 3 to 5: a JSON for each image, whose points are grouped to instances by `group_id`.

An image that is not where `imagePath` says is searched beside the JSON: by its name, then by the name of the JSON. The
image inside the JSON (`imageData`) is not used. A point is taken as it is: pixels from the image's top-left corner.
"""

from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.media import is_image
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels
from pipeline.collect.readers.json_file import number, read_json
from pipeline.collect.readers.labelled_instances import UNKNOWN_SIZE, Instance, labels_of, order_of
from pipeline.collect.readers.media_files import MediaFiles
from pipeline.collect.settings import LabelMeSource
from pipeline.collect.subjects import clean
from pipeline.problem import Problem

_LARGE = ("imageData", "shapes", "flags")  # keys that name no subject


def read(path: Path, root: Path, source: LabelMeSource, problem: Problem) -> Labels:
    """Read the JSON of one image.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Labels of the keypoints, and what names the subject.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    data = read_json(path, findings)
    if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
        raise UserError(f"{findings.where}: not a file of LabelMe: expected a mapping with imagePath and a list shapes")
    dropped: dict[str, list[str]] = {}
    media, attributes = _media(path, root, data, findings), _attributes(data)
    order = order_of(source.keypoints, problem)
    instances: dict[str, Instance] = {}
    for position, shape in enumerate(data["shapes"], start=1):
        where = f"{findings.where}:shape {position}"
        if not isinstance(shape, dict) or not isinstance(shape.get("points"), list):
            findings.add(f"shape {position}: expected a mapping with label, points and shape_type")
            continue
        label = clean(str(shape.get("label", "")))
        if not _is_point(shape):
            dropped.setdefault(f"a {shape.get('shape_type') or 'polygon'}, not a point", []).append(where)
        elif label not in order:
            dropped.setdefault(f"the label {label!r} is not a keypoint of the problem", []).append(where)
        else:
            group = shape.get("group_id")
            name = "image" if group is None else f"group {group}"
            instance = instances.setdefault(name, Instance(media, name, size=_size(data), attributes=attributes))
            instance.add(order[label], _xy(shape["points"]), 2, label, findings)
    labelled = list(instances.values()) or [Instance(media, "image", attributes=attributes)]
    return labels_of(labelled, source, problem, root, findings, dropped, [], source.slices)


def _is_point(shape: dict[str, Any]) -> bool:
    """Return True if the shape is a point; before version 3.3 there was no type, and a polygon has three points."""
    kind = shape.get("shape_type")
    return kind == "point" or (kind is None and len(shape["points"]) == 1)


def _xy(points: list[Any]) -> tuple[float | None, float | None]:
    if len(points) != 1 or not isinstance(points[0], list) or len(points[0]) != 2:
        return None, None
    return number(points[0][0]), number(points[0][1])


def _size(data: dict[str, Any]) -> tuple[float, float]:
    width, height = number(data.get("imageWidth")), number(data.get("imageHeight"))
    return (width, height) if width and height else UNKNOWN_SIZE


def _attributes(data: dict[str, Any]) -> dict[str, Any]:
    """Return the image's flags and the file's other keys."""
    flags = data.get("flags") if isinstance(data.get("flags"), dict) else {}
    return {str(k): v for k, v in data.items() if k not in _LARGE} | {str(k): str(v) for k, v in (flags or {}).items()}


def _media(path: Path, root: Path, data: dict[str, Any], findings: Findings) -> str:
    stated = data.get("imagePath")
    if isinstance(stated, str) and stated.strip():
        media = MediaFiles(root, [path.parent], findings).path(stated)
        if not media.startswith("..") and (root / media).is_file():
            return media
    siblings = sorted(p for p in path.parent.glob(f"{_literal(path.stem)}.*") if is_image(p))
    if len(siblings) == 1:
        return siblings[0].relative_to(root).as_posix()
    if isinstance(stated, str) and stated.strip():
        return media
    findings.add("imagePath is missing, and no image of the JSON's name lies beside it; put the image there")
    findings.raise_any()
    return ""


def _literal(name: str) -> str:
    """Return the name for a glob that matches only itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
