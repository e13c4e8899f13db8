"""Prepare: each image decoded, filtered and resized exactly once, into arrays that training memory-maps.

Reads data/PROBLEM/split/{train,val,test}.json and the images of data/PROBLEM/collect; writes, for each split, below
data/PROBLEM/prepare/SPLIT, with a row for each instance (an image with several instances has several rows):

images.npy      uint8 (N, H, W, C): RGB or gray, letterboxed to the problem's input size
keypoints.npy   float32 (N, K, 2): x, y in input pixels, NaN where not labelled
visibility.npy  uint8 (N, K): COCO's 0, 1, 2
boxes.npy       float32 (N, 4): x, y, width, height in input pixels
letterbox.npy   float64 (N, 3): scale, pad_x, pad_y; see letterbox.py
index.parquet   image, image_id, annotation_id, subject, video, frame, time_s, width, height, slice_*
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.annotations import SLICE_PREFIX
from pipeline.errors import UserError
from pipeline.files import Layout, folder_aside
from pipeline.params import ProblemParams
from pipeline.prepare.arrays import write_images
from pipeline.prepare.letterbox import Letterbox
from pipeline.problem import Problem
from pipeline.progress import progress

SPLITS = ("train", "val", "test")


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: A split file is missing, or images are missing, unreadable or of another size than was labelled;
            every such image is named.
    """
    with folder_aside(layout.out("prepare")) as out:
        for split in SPLITS:
            (out / split).mkdir()
            index = _write_labels(layout.out("split") / f"{split}.json", params.problem, out / split)
            images = index["image"].nunique()
            with progress(f"prepare {split} images", images) as bar:
                target, filters = out / split / "images.npy", params.prepare.filters
                write_images(target, index, layout.out("collect"), filters, params.problem.input, bar)


def _write_labels(path: Path, problem: Problem, out: Path) -> pd.DataFrame:
    """Write everything of one split but its images; the index is returned, the far larger COCO file forgotten."""
    if not path.is_file():
        raise UserError(f"{path}: not there; run the split stage first")
    coco: dict[str, Any] = json.loads(path.read_text())
    index = _index(coco)
    _write_arrays(coco["annotations"], index, problem, out)
    index.to_parquet(out / "index.parquet", index=False)
    return index


def _index(coco: dict[str, Any]) -> pd.DataFrame:
    """A row per annotation, in the order of the file, with what is known of its image."""
    known = {image["id"]: image for image in coco["images"]}
    rows = []
    for annotation in coco["annotations"]:
        image = known[annotation["image_id"]]
        slices = {f"{SLICE_PREFIX}{name}": value for name, value in image["slices"].items()}
        about = {name: image[name] for name in ("video", "frame", "time_s", "width", "height")}
        ids = {"image_id": image["id"], "annotation_id": annotation["id"], "subject": annotation["subject"]}
        rows.append({"image": image["file_name"], **ids, **about, **slices})
    return pd.DataFrame(rows).astype({"time_s": "float64"})


def _write_arrays(annotations: list[dict[str, Any]], index: pd.DataFrame, problem: Problem, out: Path) -> None:
    """Keypoints, visibility, boxes and letterboxes."""
    points = np.array([a["keypoints"] for a in annotations], dtype=np.float64)
    points = points.reshape(len(annotations), len(problem.keypoints), 3)
    visibility = points[..., 2].astype(np.uint8)
    sizes = zip(index["width"], index["height"], strict=True)
    letterboxes = [Letterbox.fit(width, height, problem.input) for width, height in sizes]
    keypoints = np.stack([box.forward(xy) for box, xy in zip(letterboxes, points[..., :2], strict=True)])
    keypoints[visibility == 0] = np.nan
    boxes = [box.forward_boxes(np.array(a["bbox"])) for box, a in zip(letterboxes, annotations, strict=True)]
    np.save(out / "keypoints.npy", keypoints.astype(np.float32))
    np.save(out / "visibility.npy", visibility)
    np.save(out / "boxes.npy", np.stack(boxes).astype(np.float32))
    np.save(out / "letterbox.npy", np.array([(b.scale, b.pad_x, b.pad_y) for b in letterboxes]))
