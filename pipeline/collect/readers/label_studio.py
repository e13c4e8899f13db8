"""Label Studio exports: a folder for each contributor with JSON and images; choices, rectangles, keypoints, polygons.

Coordinates in an export are percent of the image's size.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.media import is_image
from pipeline.annotations import BOX_COLUMNS, CLASS
from pipeline.collect.agreement import majority
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.settings import LabelStudioSource
from pipeline.problem import Problem

_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an uploaded file
_NO_BOX = np.full(4, np.nan)


@dataclass
class _Said:
    """What one annotator said about a picture, in pixels."""

    who: str
    classes: list[str] = field(default_factory=list)
    points: dict[str, Float[np.ndarray, "2"]] = field(default_factory=dict)
    boxes: list[tuple[str, Float[np.ndarray, "4"]]] = field(default_factory=list)


def read(path: Path, root: Path, source: LabelStudioSource, problem: Problem) -> Labels:
    """Read one contributor's export.

    Of several annotators the majority's class is taken, and the mean of their points. A problem with `several`
    instances gets one for each rectangle or polygon of the first annotator, any other problem one for the picture.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Folders to leave out, and names in the file.
        problem: Names of keypoints and classes.

    Raises:
        UserError: The JSON is none of Label Studio's.
    """
    findings = Findings(path.relative_to(root).as_posix())
    contributor, dropped = path.parent.name, _without_json(path, root, source)
    word = next((word for word in source.exclude if word.lower() in contributor.lower()), None)
    if word is not None:
        return Labels(pd.DataFrame(), dropped | {f"the folder's name has {word!r} in it": [findings.where]})
    rows, points, votes, used = list[dict[str, Any]](), [], dict[str, dict[str, str]](), set[Path]()
    for number, task in enumerate(_tasks(path, findings)):
        where = f"{findings.where}:{task.get('id', number)}"
        image = _image_of(task, path.parent / source.images)
        if image is None:
            dropped.setdefault("no image beside the JSON", []).append(f"{where} ({_name_of(task)})")
            continue
        used.add(image)
        said = [_said(annotation, source, problem) for annotation in task["annotations"] if _counts(annotation)]
        media = image.relative_to(root)
        about = {
            "media": media.as_posix(),
            "name": (media.parent.parent / f"{contributor}_{image.name}").as_posix(),
            "frame": -1,
            "subject": contributor,
            "source": where,
        }
        instances = _several(said) if problem.several else _one(said, problem)
        named = {one.who: one.classes[0] for one in said if one.classes}
        if len(named) > 1 and not problem.several:
            votes[where] = named
        if not instances:
            reason = "annotators disagree, and none has the majority" if len(named) > 1 else "nothing is labelled"
            dropped.setdefault(reason, []).append(f"{where} ({image.name})")
        for instance, (name, box, found) in enumerate(instances):
            rows.append({**about, "instance": instance, CLASS: name, **dict(zip(BOX_COLUMNS, box, strict=True))})
            points.append([found.get(k, np.full(2, np.nan)) for k in problem.keypoints])
    unnamed = sorted(set(_images_in(path.parent / source.images)) - used)
    if unnamed:
        named_nowhere = [image.relative_to(root).as_posix() for image in unnamed]
        dropped.setdefault("the JSON has no entry of the image", []).extend(named_nowhere)
    if not rows:
        return Labels(pd.DataFrame(), dropped, votes=votes)
    xy = np.array(points, np.float64).reshape(len(rows), len(problem.keypoints), 2)
    table = pd.DataFrame(rows)
    if not problem.classes:
        table = table.drop(columns=CLASS)
    labels = make_labels(table, problem.keypoints, xy, np.full(xy.shape[:2], 2), root, findings, "error", unit="task")
    return Labels(labels.table, dropped | labels.dropped, labels.notes, votes)


def _tasks(path: Path, findings: Findings) -> list[dict[str, Any]]:
    try:
        tasks = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{findings.where}: not valid JSON ({error}); export the labels again") from None
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("annotations"), list) for task in tasks
    ):
        raise UserError(
            f"{findings.where}: no Label Studio export: expected a list of tasks with `annotations`; export as JSON, "
            "not JSON-MIN, or narrow the source's `labels`"
        )
    return tasks


def _counts(annotation: dict[str, Any]) -> bool:
    return not annotation.get("was_cancelled") and bool(annotation.get("result"))


def _name_of(task: dict[str, Any]) -> str:
    data = task.get("data") or {}
    named = task.get("file_upload") or data.get("image") or next((v for v in data.values() if isinstance(v, str)), "")
    return PurePosixPath(str(named).replace("\\", "/").rpartition("?d=")[2]).name


def _image_of(task: dict[str, Any], folder: Path) -> Path | None:
    """The task's image in the folder, with or without what Label Studio puts before its name."""
    name = _name_of(task)
    plain = _UPLOAD.sub("", name)
    there = {_UPLOAD.sub("", image.name): image for image in _images_in(folder)}
    return folder / name if name and (folder / name).is_file() else there.get(plain)


def _images_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if is_image(p.name) and not p.name.startswith("."))


def _without_json(path: Path, root: Path, source: LabelStudioSource) -> dict[str, list[str]]:
    """Folders of images beside the contributor's that have no JSON, told once: by the first that has one."""
    beside = sorted(folder for folder in path.parent.parent.iterdir() if folder.is_dir())
    having = [folder for folder in beside if any(folder.glob("*.json"))]
    if path.parent == root or not having or path.parent != having[0] or path != min(path.parent.glob("*.json")):
        return {}
    names = [f.relative_to(root).as_posix() for f in beside if f not in having and _images_in(f / source.images)]
    return {"the folder has images, but no JSON": names} if names else {}


def _said(annotation: dict[str, Any], source: LabelStudioSource, problem: Problem) -> _Said:
    who = annotation.get("completed_by")
    who = who.get("email") or who.get("id") if isinstance(who, dict) else who
    said = _Said(str(annotation.get("id") if who is None else who))
    classes = {source.classes.get(name, name): name for name in problem.classes}
    points = {source.keypoints.get(name, name): name for name in problem.keypoints}
    for result in annotation["result"]:
        value = result.get("value")
        if not isinstance(value, dict):
            continue  # a relation between two others
        names = [str(name) for name in value.get(result["type"]) or value.get("labels") or [] if isinstance(name, str)]
        found = [classes[name] for name in names if name in classes]
        said.classes += found
        outline = _outline(value, result)
        if outline is None:
            continue
        if result["type"] == "keypointlabels":
            said.points |= {points[name]: outline[0] for name in names if name in points}
        elif found or not problem.classes:
            low, high = outline.min(axis=0), outline.max(axis=0)
            said.boxes.append((found[0] if found else "", np.concatenate([low, high - low])))
    return said


def _outline(value: dict[str, Any], result: dict[str, Any]) -> Float[np.ndarray, "P 2"] | None:
    """The point, the polygon's or the rectangle's corners in pixels; none of what has no place."""
    size = np.array([result.get("original_width", 0), result.get("original_height", 0)], np.float64)
    if "points" in value:
        corners = np.array(value["points"], np.float64) / 100 * size
    elif "x" in value and "y" in value:
        start = np.array([value["x"], value["y"]], np.float64) / 100 * size
        corners = start[None]
        if "height" in value:
            extent = np.array([value["width"], value["height"]]) / 100 * size
            angle = np.deg2rad(value.get("rotation", 0))  # about the top-left corner, clockwise
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            corners = start + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * extent @ turn
    else:
        return None
    return np.asarray(corners - 0.5)


_Instance = tuple[str, Float[np.ndarray, "4"], dict[str, Float[np.ndarray, "2"]]]


def _one(said: list[_Said], problem: Problem) -> list[_Instance]:
    """The picture as one instance: the majority's class, its first box, the mean of the points."""
    name = majority({one.who: one.classes[0] for one in said if one.classes}) if problem.classes else ""
    if name is None:
        return []
    xy = {
        k: np.mean([one.points[k] for one in said if k in one.points], axis=0)
        for k in problem.keypoints
        if any(k in one.points for one in said)
    }
    boxes = [box for one in said for label, box in one.boxes if label in ("", name)]
    return [(name, boxes[0] if boxes else _NO_BOX, xy)] if name or boxes or xy else []


def _several(said: list[_Said]) -> list[_Instance]:
    return [(name, box, dict[str, Any]()) for name, box in said[0].boxes] if said else []
