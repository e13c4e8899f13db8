"""COCO JSON of boxes with categories, any number in an image. `bbox` may also hold two corners."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.annotations import BOX_COLUMNS, CLASS
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.coco import images_by_id, load, refuse_listed_twice, sizes_of_images, subjects_of_images
from pipeline.collect.readers.json_file import is_finite
from pipeline.collect.settings import CocoBoxesSource
from pipeline.problem import Problem

_CROWD = "a crowd is labelled, not one instance"
_OTHER_CATEGORY = "its category is not one of the problem's classes"


def read(path: Path, root: Path, source: CocoBoxesSource, problem: Problem) -> Labels:
    """Read a COCO detection file.

    In COCO the image's left edge is 0. Here the centre of the first pixel is 0, so boxes move by half a pixel.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Image folder, format of `bbox`, and names of the categories.
        problem: Names of the classes; without classes, every category counts as the problem's single category.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    data = load(path, findings, "bbox")
    classes = _classes(data["categories"], source, problem, findings)
    images = images_by_id(data["images"], findings)
    wanted, dropped = list[dict[str, Any]](), dict[str, list[str]]()
    for annotation in data["annotations"]:
        reason = (
            _CROWD if annotation.get("iscrowd") else _OTHER_CATEGORY if annotation["category_id"] not in classes else ""
        )
        if reason:
            dropped.setdefault(reason, []).append(f"{findings.where}:{annotation['id']}")
        elif flaw := _flaw(annotation, images, source):
            findings.add(f"annotation {annotation['id']}: {flaw}")
        else:
            wanted.append(annotation)
    findings.raise_any()
    entries = [images[a["image_id"]] for a in wanted]
    refuse_listed_twice(entries, findings)
    names = pd.Series([entry["file_name"] for entry in entries], dtype="str")
    media = find_media(root, path.parent / source.images, names, findings)
    table = pd.DataFrame(
        {
            "media": media,
            "frame": -1,
            "instance": media.groupby(media).cumcount(),
            "subject": subjects_of_images(source.subject, media, entries, findings),
            "source": pd.Series([f"{findings.where}:{a['id']}" for a in wanted], dtype="str"),
            **sizes_of_images(entries, findings),
            CLASS: pd.Series([classes[a["category_id"]] for a in wanted], dtype="str"),
        }
    )
    table[BOX_COLUMNS] = np.array([_box(a["bbox"], source) for a in wanted]).reshape(-1, 4)
    unlabelled = np.full((len(table), len(problem.keypoints), 2), np.nan)
    labels = make_labels(
        table,
        problem.keypoints,
        unlabelled,
        np.zeros(unlabelled.shape[:2], np.int64),
        root,
        findings,
        source.missing_images,
        unit="annotation",
    )
    bare = len(images) - len({a["image_id"] for a in wanted})
    notes = [f"{findings.where}: {bare} images have no annotation and are left out"] if bare else []
    return replace(labels, dropped=dropped | labels.dropped, notes=[*labels.notes, *notes])


def _classes(
    categories: list[dict[str, Any]], source: CocoBoxesSource, problem: Problem, findings: Findings
) -> dict[Any, str]:
    """Map category id to class; a problem without classes takes every category as the empty class."""
    if not problem.classes:
        return {category["id"]: "" for category in categories}
    named = {source.classes.get(name, name): name for name in problem.classes}
    lacking = sorted(set(named) - {category["name"] for category in categories})
    if lacking:
        names = [category["name"] for category in categories]
        findings.add(f"no category {lacking}; found {names}; name them in params under `classes`")
    return {category["id"]: named[category["name"]] for category in categories if category["name"] in named}


def _flaw(annotation: dict[str, Any], images: dict[Any, dict[str, Any]], source: CocoBoxesSource) -> str:
    if annotation["image_id"] not in images:
        return f"image_id {annotation['image_id']} is not among images"
    box = annotation["bbox"]
    if not isinstance(box, list) or len(box) != 4 or not all(is_finite(v) for v in box):
        return f"bbox is {box!r}; expected four numbers ({source.format})"
    if min(_box(box, source)[2:]) <= 0:
        return f"bbox {box} has no area as {source.format}; is it the other format?"
    return ""


def _box(box: list[float], source: CocoBoxesSource) -> Float[np.ndarray, "4"]:
    """Return (x, y, width, height) in pixels with the origin at the centre of the top-left pixel."""
    corner, rest = np.array(box[:2], np.float64), np.array(box[2:], np.float64)
    return np.concatenate([corner - 0.5, rest - corner if source.format == "xyxy" else rest])
