"""Label Studio exports: choices, rectangles, keypoints, polygons; a folder for each contributor's JSON and images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from pipeline.annotations import BOX_COLUMNS, CLASS
from pipeline.collect.agreement import majority
from pipeline.collect.findings import Findings
from pipeline.collect.labelled_sizes import HEIGHT, WIDTH
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.readers.json_file import read_json
from pipeline.collect.readers.label_studio_images import TaskImages, images_in, name_of
from pipeline.collect.readers.label_studio_regions import Annotation, Points, read_annotation
from pipeline.collect.settings import LabelStudioSource
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_NOTHING = "nothing is labelled"
_SECOND = "another annotator labelled the image before, and instances of two people are not matched"
_NO_BOX = np.full(4, np.nan)
_Instance = tuple[str, Float[np.ndarray, "4"], Points]
"""Class, box (NaN if it has none) and keypoints of one instance."""


def read(path: Path, root: Path, source: LabelStudioSource, problem: Problem) -> Labels:
    """Read one contributor's export.

    If several annotators labelled a picture, the majority's class and the mean of their points are taken; if an
    annotation is marked as ground truth, only that counts. Cancelled annotations, drafts and predictions do not count.
    Keypoints under one region (`parentID`) are one instance. A multi-instance problem also gets an instance for each
    rectangle or polygon of the first annotator.

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
    images = TaskImages(path.parent / source.images)
    for number, task in enumerate(_tasks(path, findings)):
        where = f"{findings.where}:{task.get('id', number)}"
        image = images.of(task, f"task {task.get('id', number)}", findings)
        if image is None:
            dropped.setdefault("no image beside the JSON", []).append(f"{where} ({name_of(task)})")
            continue
        used.add(image)
        picture = f"task {task.get('id', number)} ({image.name})"
        annotations = [read_annotation(entry, source, problem, picture, findings) for entry in _annotations(task)]
        media = image.relative_to(root)
        about = {
            "media": media.as_posix(),
            "name": (media.parent.parent / f"{contributor}_{image.name}").as_posix(),
            "frame": -1,
            "source": where,
            **_size(annotations, picture, findings),
        }
        instances = _instances(annotations, problem, picture, findings)
        if problem.multi_instance and len(annotations) > 1:
            others = [f"{where} ({annotation.annotator})" for annotation in annotations[1:]]
            dropped.setdefault(_SECOND, []).extend(others)
        classes = {a.annotator: a.classes[0] for a in annotations if a.classes}
        if len(classes) > 1 and not problem.multi_instance:
            votes[where] = classes
        if not instances:
            reason = "annotators disagree, and there is no majority" if len(classes) > 1 else _bare(task)
            dropped.setdefault(reason, []).append(f"{where} ({image.name})")
        data = task["data"] if isinstance(task.get("data"), dict) else {}
        for instance, (name, box, xy_of) in enumerate(instances):
            offered.append(data)
            rows.append({**about, "instance": instance, CLASS: name, **dict(zip(BOX_COLUMNS, box, strict=True))})
            points.append([xy_of.get(k, np.full(2, np.nan)) for k in problem.keypoints])
    unused = sorted(set(images.files) - used)
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
    tasks = read_json(path, findings)
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("annotations"), list) for task in tasks
    ):
        raise UserError(
            f"{findings.where}: not a Label Studio export: expected a list of tasks with `annotations`; export as "
            "JSON, not JSON-MIN, or narrow the source's `labels`"
        )
    return tasks


def _bare(task: dict[str, Any]) -> str:
    """Return why a task without usable annotations is left out."""
    return "only predicted or drafted, not annotated" if task.get("predictions") or task.get("drafts") else _NOTHING


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotations that count: finished ones, and only the ground truth if one is marked as such."""
    entries = [entry for entry in task["annotations"] if isinstance(entry, dict)]
    finished = [e for e in entries if not e.get("was_cancelled") and isinstance(e.get("result"), list) and e["result"]]
    return [entry for entry in finished if entry.get("ground_truth")] or finished


def _without_json(path: Path, root: Path, source: LabelStudioSource) -> dict[str, list[str]]:
    """Return the contributors' folders that have images but no JSON; only the first JSON of all reports them."""
    folders = sorted(folder for folder in path.parent.parent.iterdir() if folder.is_dir())
    labelled = [folder for folder in folders if any(folder.glob("*.json"))]
    if path.parent == root or not labelled or path.parent != labelled[0] or path != min(path.parent.glob("*.json")):
        return {}
    names = [f.relative_to(root).as_posix() for f in folders if f not in labelled and images_in(f / source.images)]
    return {"the folder has images, but no JSON": names} if names else {}


def _instances(annotations: list[Annotation], problem: Problem, where: str, findings: Findings) -> list[_Instance]:
    """Return the instances of a picture.

    Keypoints of one region (`parentID`) are one instance, and so are those of no region. They share the box of their
    region, or the picture's only box. In a multi-instance problem every other box is an instance too.
    """
    if len(annotations) > 1 and any(len(annotation.points) > 1 for annotation in annotations):
        findings.add(
            f"{where}: {len(annotations)} annotators labelled it, and one of them several instances, so it is unknown "
            "which instances are the same; keep the annotation of one"
        )
        return []
    if problem.multi_instance:
        return _each(annotations[0], where, findings) if annotations else []
    if annotations and len(annotations[0].points) > 1:
        return _each(annotations[0], where, findings)
    return _picture(annotations, problem)


def _each(annotation: Annotation, where: str, findings: Findings) -> list[_Instance]:
    """Return each box with the points of its region, then the points of other regions."""
    points = dict(annotation.points)
    regions = [box.region for box in annotation.boxes]
    if "" in points and len(regions) == 1 and regions[0] not in points:
        points[regions[0]] = points.pop("")
    if "" in points and len(regions) > 1:
        findings.add(
            f"{where}: its points {list(points[''])} belong to none of its {len(regions)} regions; put them under the "
            "region of their instance in Label Studio (parentID)"
        )
    boxed = [(box.label, box.xywh, points.pop(box.region, {})) for box in annotation.boxes]
    return [*boxed, *(("", _NO_BOX, rest) for rest in points.values())]


def _picture(annotations: list[Annotation], problem: Problem) -> list[_Instance]:
    """Return the picture as one instance: the majority's class, its first box, the mean of the points."""
    name = majority({a.annotator: a.classes[0] for a in annotations if a.classes}) if problem.classes else ""
    if name is None:
        return []
    labelled = [points for annotation in annotations for points in annotation.points.values()]
    xy = {
        k: np.mean([points[k] for points in labelled if k in points], axis=0)
        for k in problem.keypoints
        if any(k in points for points in labelled)
    }
    boxes = [box.xywh for a in annotations for box in a.boxes if box.label in ("", name)]
    return [(name, boxes[0] if boxes else _NO_BOX, xy)] if name or boxes or xy else []


def _size(annotations: list[Annotation], where: str, findings: Findings) -> dict[str, float]:
    """Return the size of the image that was labelled, NaN if no region states it."""
    sizes = sorted({size for annotation in annotations for size in annotation.sizes})
    if len(sizes) > 1:
        findings.add(f"{where}: its regions state several sizes of the image: {sizes}; export the labels again")
    width, height = sizes[0] if sizes else (np.nan, np.nan)
    return {WIDTH: width, HEIGHT: height}
