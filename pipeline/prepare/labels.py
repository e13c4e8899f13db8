"""Labels of one split as arrays in input pixels."""

import functools
import sys
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.mirror import mirror_boxes, mirror_points
from heelstrike.preprocess.settings import Mirror
from pipeline.annotations import EXAM, FIRST_CATEGORY, PLACEMENT_COLUMNS, SLICE_PREFIX
from pipeline.problem import Problem

IMAGES = "images.npy"


def write_labels(
    images: Iterable[dict[str, Any]],
    annotations: Iterable[dict[str, Any]],
    problem: Problem,
    out: Path,
    mirror: Mirror | None = None,
) -> pd.DataFrame:
    """Write all arrays of one split except its images, and return the index.

    Each image and annotation is looked at once and not kept, since dictionaries need far more memory than arrays.

    Args:
        images: The images of the split's COCO JSON, as the split stage writes it.
        annotations: Its annotations.
        problem: The problem, with its keypoints, classes and input size.
        out: An existing folder.
        mirror: Condition for an image to be mirrored; `None` means that no image is.
    """
    facts = _facts_of_images(images, mirror)
    labels = _labels_of(annotations, problem)
    firsts = np.arange(len(labels.image_ids))
    if problem.multi_instance:
        firsts = np.unique(labels.image_ids, return_index=True)[1]
        firsts.sort()
    index = _index(facts, labels, firsts)
    letterboxes = _write_arrays(labels, firsts, index, problem, out)
    if problem.classes:
        np.save(out / "classes.npy", labels.classes[firsts])
    if problem.multi_instance:
        np.save(out / "objects.npy", _objects(labels, index, letterboxes))
    index.to_parquet(out / "index.parquet", index=False)
    return index


class _Labels(NamedTuple):
    """The labels of N instances in original pixels, in the order of the file.

    Attributes:
        ids: Number of each annotation.
        image_ids: Number of its image.
        subjects: Its subject.
        classes: Index of its class.
        boxes: x, y, width, height.
        points: x, y, visibility of each keypoint.
        observers: Distance between observers of each keypoint, NaN if unknown; `None` if no annotation has any.
    """

    ids: Int[np.ndarray, " N"]
    image_ids: Int[np.ndarray, " N"]
    subjects: list[str]
    classes: Int[np.ndarray, " N"]
    boxes: Float[np.ndarray, "N 4"]
    points: Float[np.ndarray, "N K 3"]
    observers: Float[np.ndarray, "N K"] | None


def _labels_of(annotations: Iterable[dict[str, Any]], problem: Problem) -> _Labels:
    whole, numbers = array("q"), {name: array("d") for name in ("bbox", "keypoints", "observers_px")}
    subjects: list[str] = []
    unknown, observed = [None] * len(problem.keypoints), False
    for annotation in annotations:
        category = annotation["category_id"] if problem.classes or problem.multi_instance else FIRST_CATEGORY
        whole.extend((annotation["id"], annotation["image_id"], int(category) - FIRST_CATEGORY))
        subjects.append(sys.intern(annotation["subject"]))
        numbers["bbox"].extend(annotation["bbox"])
        numbers["keypoints"].extend(annotation["keypoints"])
        observed |= "observers_px" in annotation
        distances = annotation.get("observers_px", unknown)
        numbers["observers_px"].extend(np.nan if distance is None else distance for distance in distances)
    ids, image_ids, classes = np.array(whole).reshape(-1, 3).T
    bbox, keypoints, observers = (np.array(values) for values in numbers.values())
    shape = len(subjects), len(problem.keypoints)
    return _Labels(
        ids,
        image_ids,
        subjects,
        classes,
        bbox.reshape(-1, 4),
        keypoints.reshape(*shape, 3),
        observers.reshape(shape) if observed else None,
    )


def _objects(labels: _Labels, index: pd.DataFrame, letterboxes: list[Letterbox]) -> Float[np.ndarray, "N M 5"]:
    """Return box (x, y, w, h) in input pixels and class index of each image's instances, NaN beyond the last one."""
    rows_of = pd.Series(np.arange(len(labels.image_ids))).groupby(labels.image_ids, sort=False).indices
    objects = np.full((len(index), max(map(len, rows_of.values()), default=0), 5), np.nan, np.float32)
    images = zip(index["image_id"], index["width"], index["mirrored"], letterboxes, strict=True)
    for row, (image, width, mirrored, letterbox) in enumerate(images):
        rows = rows_of[image]
        count = len(rows)
        boxes = mirror_boxes(labels.boxes[rows], np.full(count, width), np.full(count, mirrored))
        objects[row, :count, :4] = letterbox.forward_boxes(boxes)
        objects[row, :count, 4] = labels.classes[rows]
    return objects


def _facts_of_images(images: Iterable[dict[str, Any]], mirror: Mirror | None) -> pd.DataFrame:
    """Return a row per image, in the order of the file, with the number of the image as index."""
    columns: dict[str, list[Any]] = {}
    ids = array("q")
    for image in images:
        slices = {f"{SLICE_PREFIX}{name}": value for name, value in image["slices"].items()}
        facts = {"image": image["file_name"]}
        facts |= {name: image[name] for name in ("video", "frame", "time_s", "width", "height")}
        # files that the split stage did not write may lack these
        facts |= {"mm_per_px": image.get("mm_per_px"), "mirrored": bool(mirror and mirror.applies(image["slices"]))}
        facts |= {name: image[name] for name in (EXAM, *PLACEMENT_COLUMNS) if name in image}
        for name, value in (facts | slices).items():
            column = columns.setdefault(name, [])
            column.extend([None] * (len(ids) - len(column)))
            column.append(sys.intern(value) if isinstance(value, str) and name != "image" else value)
        ids.append(image["id"])
    for column in columns.values():
        column.extend([None] * (len(ids) - len(column)))
    return pd.DataFrame(columns, index=np.array(ids))


def _index(facts: pd.DataFrame, labels: _Labels, rows: Int[np.ndarray, " R"]) -> pd.DataFrame:
    """Return a row per chosen annotation, in their order, with the facts about its image."""
    table = facts.loc[labels.image_ids[rows]].reset_index(drop=True)
    table.insert(1, "image_id", labels.image_ids[rows])
    table.insert(2, "annotation_id", labels.ids[rows])
    table.insert(3, "subject", [labels.subjects[row] for row in rows])
    placed = dict.fromkeys([c for c in PLACEMENT_COLUMNS if c in table], "float64")
    return table.astype({"time_s": "float64", "mm_per_px": "float64"} | placed)


def _write_arrays(
    labels: _Labels, rows: Int[np.ndarray, " R"], index: pd.DataFrame, problem: Problem, out: Path
) -> list[Letterbox]:
    """Write keypoints, visibility, boxes, letterboxes and distances between observers; return the letterboxes."""
    points = labels.points[rows]
    visibility = points[..., 2].astype(np.uint8)
    fit = functools.cache(functools.partial(Letterbox.fit, size=problem.input))
    letterboxes = [fit(width, height) for width, height in zip(index["width"], index["height"], strict=True)]
    mirrored, width = index["mirrored"].to_numpy(bool), index["width"].to_numpy()
    points = mirror_points(points[..., :2], width, mirrored)
    keypoints, boxes = np.empty(points.shape, np.float32), np.empty((len(rows), 4), np.float32)
    in_image = mirror_boxes(labels.boxes[rows], width, mirrored)
    for row, letterbox in enumerate(letterboxes):
        keypoints[row], boxes[row] = letterbox.forward(points[row]), letterbox.forward_boxes(in_image[row])
    keypoints[visibility == 0] = np.nan
    if labels.observers is not None:
        np.save(out / "observers.npy", labels.observers[rows])
    np.save(out / "keypoints.npy", keypoints)
    np.save(out / "visibility.npy", visibility)
    np.save(out / "boxes.npy", boxes)
    np.save(out / "letterbox.npy", np.array([(b.scale, b.pad_x, b.pad_y) for b in letterboxes]))
    return letterboxes
