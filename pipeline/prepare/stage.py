"""Prepare: each image decoded, filtered and resized exactly once, into arrays that training memory-maps.

Reads data/PROBLEM/split/{train,val,test}.json and the images of data/PROBLEM/collect; writes, for each split, below
data/PROBLEM/prepare/SPLIT, with a row for each instance (an image with several instances has several rows), or where
the problem looks for `several` instances at once, a row for each image (labels of one instance are then its first's):

images.npy      uint8 (N, H, W, C): RGB or gray, letterboxed to the problem's input size
keypoints.npy   float32 (N, K, 2): x, y in input pixels, NaN where not labelled
visibility.npy  uint8 (N, K): COCO's 0, 1, 2
boxes.npy       float32 (N, 4): x, y, width, height in input pixels
classes.npy     int64 (N,): number of the class, -1 where there is none; of a problem with classes
objects.npy     float32 (N, M, 5): all instances of the image, x, y, width, height in input pixels and number of the
                class, NaN beyond the last; of a problem with several instances
letterbox.npy   float64 (N, 3): scale, pad_x, pad_y; see letterbox.py
observers.npy   float64 (N, K): distance between observers, original pixels, NaN where one; only if several labelled
index.parquet   image, image_id, annotation_id, subject, video, frame, time_s, width, height, mm_per_px, mirrored,
                slice_*; exam and the place in the patient where the annotation table has them

Arrays of a mirrored image (prepare.mirror) are those of its mirror image.
"""

import json
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import folder_aside
from heelstrike.progress import progress
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.prepare.arrays import write_images
from pipeline.prepare.labels import IMAGES, write_labels
from pipeline.splits import SPLITS


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: A split file is missing, or images are missing, unreadable or of another size than was labelled;
            every such image is named.
    """
    with folder_aside(layout.out("prepare")) as out:
        for split in SPLITS:
            (out / split).mkdir()
            coco = _read_split(layout.out("split") / f"{split}.json")
            index = write_labels(coco, params.problem, out / split, params.prepare.mirror)
            del coco  # far larger than the index
            images = index["image"].nunique()
            with progress(f"prepare {split} images", images) as bar:
                target, filters = out / split / IMAGES, params.prepare.filters
                write_images(target, index, layout, filters, params.problem.input, bar)


def _read_split(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: not there; run the split stage first")
    coco: dict[str, Any] = json.loads(path.read_text())
    return coco
