"""Labels of one split as arrays in input pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.mirror import mirror_boxes, mirror_points
from heelstrike.preprocess.settings import Mirror
from pipeline.annotations import EXAM, FIRST_CATEGORY, PLACEMENT_COLUMNS, SLICE_PREFIX
from pipeline.problem import Problem

IMAGES = "images.npy"


def write_labels(coco: dict[str, Any], problem: Problem, out: Path, mirror: Mirror | None = None) -> pd.DataFrame:
    """Write everything of one split but its images, and give back the index.

    Args:
        coco: The split's COCO JSON, as the split stage writes it.
        problem: Keypoints and input size.
        out: An existing folder.
        mirror: Which images are mirrored.
    """
    firsts = [same[0] for same in _by_image(coco)] if problem.several else coco["annotations"]
    index = _index(coco["images"], firsts, mirror)
    letterboxes = _write_arrays(firsts, index, problem, out)
    if problem.classes:
        np.save(out / "classes.npy", np.array([_class_of(a) for a in firsts], np.int64))
    if problem.several:
        np.save(out / "objects.npy", _objects(_by_image(coco), index, letterboxes))
    index.to_parquet(out / "index.parquet", index=False)
    return index


def _by_image(coco: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Annotations of each image that has one, in the order of the file."""
    found: dict[int, list[dict[str, Any]]] = {}
    for annotation in coco["annotations"]:
        found.setdefault(annotation["image_id"], []).append(annotation)
    return list(found.values())


def _class_of(annotation: dict[str, Any]) -> int:
    return int(annotation["category_id"]) - FIRST_CATEGORY


def _objects(
    images: list[list[dict[str, Any]]], index: pd.DataFrame, letterboxes: list[Letterbox]
) -> Float[np.ndarray, "N M 5"]:
    """Boxes in input pixels and classes of all instances of each image, NaN beyond the last."""
    objects = np.full((len(images), max(map(len, images), default=0), 5), np.nan, np.float32)
    facing = zip(index["width"], index["mirrored"], strict=True)
    for row, (annotations, letterbox, (width, mirrored)) in enumerate(zip(images, letterboxes, facing, strict=True)):
        count = len(annotations)
        boxes = np.array([a["bbox"] for a in annotations], dtype=np.float64)
        seen = mirror_boxes(boxes, np.full(count, width), np.full(count, mirrored))
        objects[row, :count, :4] = letterbox.forward_boxes(seen)
        objects[row, :count, 4] = [_class_of(a) for a in annotations]
    return objects


def _index(images: list[dict[str, Any]], annotations: list[dict[str, Any]], mirror: Mirror | None) -> pd.DataFrame:
    """A row per annotation given, in their order, with what is known of its image."""
    known = {image["id"]: image for image in images}
    rows = []
    for annotation in annotations:
        image = known[annotation["image_id"]]
        slices = {f"{SLICE_PREFIX}{name}": value for name, value in image["slices"].items()}
        about = {name: image[name] for name in ("video", "frame", "time_s", "width", "height")}
        # unknown to files that were not written by the split stage
        about |= {"mm_per_px": image.get("mm_per_px"), "mirrored": bool(mirror and mirror.applies(image["slices"]))}
        about |= {name: image[name] for name in (EXAM, *PLACEMENT_COLUMNS) if name in image}
        ids = {"image_id": image["id"], "annotation_id": annotation["id"], "subject": annotation["subject"]}
        rows.append({"image": image["file_name"], **ids, **about, **slices})
    table = pd.DataFrame(rows)
    placed = dict.fromkeys([c for c in PLACEMENT_COLUMNS if c in table], "float64")
    return table.astype({"time_s": "float64", "mm_per_px": "float64"} | placed)


def _write_arrays(
    annotations: list[dict[str, Any]], index: pd.DataFrame, problem: Problem, out: Path
) -> list[Letterbox]:
    """Keypoints, visibility, boxes, letterboxes and the distances between observers; gives back the letterboxes."""
    points = np.array([a["keypoints"] for a in annotations], dtype=np.float64)
    points = points.reshape(len(annotations), len(problem.keypoints), 3)
    visibility = points[..., 2].astype(np.uint8)
    sizes = zip(index["width"], index["height"], strict=True)
    letterboxes = [Letterbox.fit(width, height, problem.input) for width, height in sizes]
    mirrored, width = index["mirrored"].to_numpy(bool), index["width"].to_numpy()
    points = mirror_points(points[..., :2], width, mirrored)
    keypoints = np.stack([box.forward(xy) for box, xy in zip(letterboxes, points, strict=True)])
    keypoints[visibility == 0] = np.nan
    seen = mirror_boxes(np.array([a["bbox"] for a in annotations], dtype=np.float64), width, mirrored)
    boxes = [box.forward_boxes(one) for box, one in zip(letterboxes, seen, strict=True)]
    if any("observers_px" in a for a in annotations):
        unknown = [None] * len(problem.keypoints)
        apart = np.array([a.get("observers_px", unknown) for a in annotations], dtype=np.float64)
        np.save(out / "observers.npy", apart)
    np.save(out / "keypoints.npy", keypoints.astype(np.float32))
    np.save(out / "visibility.npy", visibility)
    np.save(out / "boxes.npy", np.stack(boxes).astype(np.float32))
    np.save(out / "letterbox.npy", np.array([(b.scale, b.pad_x, b.pad_y) for b in letterboxes]))
    return letterboxes
