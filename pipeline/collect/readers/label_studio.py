"""Label Studio exports: choices, rectangles, keypoints and polygons; a folder for each contributor's JSON and images.

Coordinates in an export are percent of the image's size.
"""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.media import is_hidden, is_image
from pipeline.annotations import BOX_COLUMNS, CLASS
from pipeline.collect.agreement import majority
from pipeline.collect.findings import Findings
from pipeline.collect.instances import add_point
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.settings import LabelStudioSource
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # prefix that Label Studio gives the name of an uploaded file
_NO_BOX = np.full(4, np.nan)


@dataclass
class _Annotation:
    """One annotator's labels of a picture, in pixels."""

    annotator: str
    classes: list[str] = field(default_factory=list)
    points: dict[str, Float[np.ndarray, "2"]] = field(default_factory=dict)
    boxes: list[tuple[str, Float[np.ndarray, "4"]]] = field(default_factory=list)


def read(path: Path, root: Path, source: LabelStudioSource, problem: Problem) -> Labels:
    """Read one contributor's export.

    If several annotators labelled a picture, the majority's class and the mean of their points are taken. A
    multi-instance problem gets an instance for each rectangle or polygon of the first annotator; any other problem gets
    one instance for the picture.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Folders to leave out, and names of keypoints and classes in the file.
        problem: Names of keypoints and classes.

    Raises:
        UserError: The JSON is not an export of Label Studio.
    """
    findings = Findings(path.relative_to(root).as_posix())
    contributor, dropped = path.parent.name, _without_json(path, root, source)
    word = next((word for word in source.exclude if word.lower() in contributor.lower()), None)
    if word is not None:
        return Labels(pd.DataFrame(), dropped | {f"the folder's name has {word!r} in it": [findings.where]})
    offered = list[dict[str, Any]]()
    rows, points, votes, used = list[dict[str, Any]](), [], dict[str, dict[str, str]](), set[Path]()
    for number, task in enumerate(_tasks(path, findings)):
        where = f"{findings.where}:{task.get('id', number)}"
        image = _image_of(task, path.parent / source.images)
        if image is None:
            dropped.setdefault("no image beside the JSON", []).append(f"{where} ({_name_of(task)})")
            continue
        used.add(image)
        annotations = [
            _annotation(a, source, problem, f"task {where.rpartition(':')[2]} ({image.name})", findings)
            for a in task["annotations"]
            if _is_complete(a)
        ]
        media = image.relative_to(root)
        about = {
            "media": media.as_posix(),
            "name": (media.parent.parent / f"{contributor}_{image.name}").as_posix(),
            "frame": -1,
            "source": where,
        }
        instances = _boxes(annotations) if problem.multi_instance else _picture(annotations, problem)
        classes = {a.annotator: a.classes[0] for a in annotations if a.classes}
        if len(classes) > 1 and not problem.multi_instance:
            votes[where] = classes
        if not instances:
            reason = "annotators disagree, and there is no majority" if len(classes) > 1 else "nothing is labelled"
            dropped.setdefault(reason, []).append(f"{where} ({image.name})")
        data = task.get("data") or {}
        for instance, (name, box, xy_of) in enumerate(instances):
            offered.append(data)
            rows.append({**about, "instance": instance, CLASS: name, **dict(zip(BOX_COLUMNS, box, strict=True))})
            points.append([xy_of.get(k, np.full(2, np.nan)) for k in problem.keypoints])
    unused = sorted(set(_images_in(path.parent / source.images)) - used)
    if unused:
        names = [image.relative_to(root).as_posix() for image in unused]
        dropped.setdefault("the JSON has no entry of the image", []).extend(names)
    findings.raise_any()
    if not rows:
        return Labels(pd.DataFrame(), dropped, votes=votes)
    xy = np.array(points, np.float64).reshape(len(rows), len(problem.keypoints), 2)
    table = pd.DataFrame(rows)
    table["subject"] = subjects_of(
        source.subject,
        table["media"],
        pd.DataFrame(offered, dtype=object),
        "task " + table["source"].str.rpartition(":")[2],
        findings,
        default=pd.Series(contributor, index=table.index, dtype="str"),
    )
    if not problem.classes:
        table = table.drop(columns=CLASS)
    labels = make_labels(table, problem.keypoints, xy, np.full(xy.shape[:2], 2), root, findings, "error", unit="task")
    return replace(labels, dropped=dropped | labels.dropped, votes=votes)


def _tasks(path: Path, findings: Findings) -> list[dict[str, Any]]:
    try:
        tasks = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{findings.where}: not valid JSON ({error}); export the labels again") from None
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("annotations"), list) for task in tasks
    ):
        raise UserError(
            f"{findings.where}: not a Label Studio export: expected a list of tasks with `annotations`; export as "
            "JSON, not JSON-MIN, or narrow the source's `labels`"
        )
    return tasks


def _is_complete(annotation: dict[str, Any]) -> bool:
    return not annotation.get("was_cancelled") and bool(annotation.get("result"))


def _name_of(task: dict[str, Any]) -> str:
    data = task.get("data") or {}
    path = task.get("file_upload") or data.get("image") or next((v for v in data.values() if isinstance(v, str)), "")
    return PurePosixPath(str(path).replace("\\", "/").rpartition("?d=")[2]).name


def _image_of(task: dict[str, Any], folder: Path) -> Path | None:
    """Return the task's image in the folder, with or without the prefix of an upload, or `None`."""
    name = _name_of(task)
    plain = _UPLOAD.sub("", name)
    images = {_UPLOAD.sub("", image.name): image for image in _images_in(folder)}
    return folder / name if name and (folder / name).is_file() else images.get(plain)


def _images_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if is_image(p) and not is_hidden(p.name))


def _without_json(path: Path, root: Path, source: LabelStudioSource) -> dict[str, list[str]]:
    """Return the contributors' folders that have images but no JSON; only the first JSON of all reports them."""
    folders = sorted(folder for folder in path.parent.parent.iterdir() if folder.is_dir())
    labelled = [folder for folder in folders if any(folder.glob("*.json"))]
    if path.parent == root or not labelled or path.parent != labelled[0] or path != min(path.parent.glob("*.json")):
        return {}
    names = [f.relative_to(root).as_posix() for f in folders if f not in labelled and _images_in(f / source.images)]
    return {"the folder has images, but no JSON": names} if names else {}


def _annotation(
    entry: dict[str, Any], source: LabelStudioSource, problem: Problem, where: str, findings: Findings
) -> _Annotation:
    person = entry.get("completed_by")
    person = person.get("email") or person.get("id") if isinstance(person, dict) else person
    annotation = _Annotation(str(entry.get("id") if person is None else person))
    classes = {source.classes.get(name, name): name for name in problem.classes}
    points = {source.keypoints.get(name, name): name for name in problem.keypoints}
    for result in entry["result"]:
        value = result.get("value")
        if not isinstance(value, dict):
            continue  # a relation between two results
        names = [str(name) for name in value.get(result["type"]) or value.get("labels") or [] if isinstance(name, str)]
        chosen = [classes[name] for name in names if name in classes]
        annotation.classes += chosen
        outline = _outline(value, result)
        if outline is None:
            continue
        if result["type"] == "keypointlabels":
            for name in (points[name] for name in names if name in points):
                add_point(annotation.points, name, outline[0], where, findings)
        elif chosen or not problem.classes:
            low, high = outline.min(axis=0), outline.max(axis=0)
            annotation.boxes.append((chosen[0] if chosen else "", np.concatenate([low, high - low])))
    return annotation


def _outline(value: dict[str, Any], result: dict[str, Any]) -> Float[np.ndarray, "P 2"] | None:
    """Return the point, or the corners of the polygon or rectangle, in pixels; `None` for a result without a place."""
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


def _picture(annotations: list[_Annotation], problem: Problem) -> list[_Instance]:
    """Return the picture as one instance: the majority's class, its first box, the mean of the points."""
    name = majority({a.annotator: a.classes[0] for a in annotations if a.classes}) if problem.classes else ""
    if name is None:
        return []
    xy = {
        k: np.mean([a.points[k] for a in annotations if k in a.points], axis=0)
        for k in problem.keypoints
        if any(k in a.points for a in annotations)
    }
    boxes = [box for a in annotations for label, box in a.boxes if label in ("", name)]
    return [(name, boxes[0] if boxes else _NO_BOX, xy)] if name or boxes or xy else []


def _boxes(annotations: list[_Annotation]) -> list[_Instance]:
    return [(name, box, dict[str, Any]()) for name, box in annotations[0].boxes] if annotations else []
