"""The prepare stage: each image is decoded, filtered and resized once, into arrays that training memory-maps.

It reads data/PROBLEM/split/{train,val,test}.json and the images of data/PROBLEM/collect, and writes the files below for
each split to data/PROBLEM/prepare/SPLIT. They have a row for each instance, so an image with several instances has
several rows. In a multi-instance problem they have a row for each image; labels of a single instance (keypoints, box,
class) are then those of the image's first instance.

images.npy      uint8 (N, H, W, C): RGB or gray, letterboxed to the problem's input size
keypoints.npy   float32 (N, K, 2): x, y in input pixels, NaN where not labelled
visibility.npy  uint8 (N, K): COCO's 0, 1, 2
boxes.npy       float32 (N, 4): x, y, width, height in input pixels
classes.npy     int64 (N,): index of the class, -1 if not labelled; only if the problem has classes
objects.npy     float32 (N, M, 5): all instances of the image: x, y, width, height in input pixels and index of the
                class, NaN beyond the last instance; only for a multi-instance problem
letterbox.npy   float64 (N, 3): scale, pad_x, pad_y as in heelstrike/preprocess/letterbox.py
observers.npy   float64 (N, K): distance between observers in original pixels, NaN if one person labelled the point;
                only if several people labelled any point
index.parquet   image, image_id, annotation_id, subject, video, frame, time_s, width, height, mm_per_px, mirrored,
                slice_*; exam and the position in the patient if the annotation table has them

If an image is mirrored (prepare.mirror), its arrays are those of the mirror image.
"""

from heelstrike.files import folder_aside
from heelstrike.progress import progress
from pipeline.coco_entries import entries
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.prepare.arrays import write_images
from pipeline.prepare.labels import IMAGES, write_labels
from pipeline.splits import SPLITS


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: A split file is missing, or images are missing, unreadable or not of the size that was labelled;
            every such image is named.
    """
    with folder_aside(layout.out("prepare")) as out:
        for split in SPLITS:
            (out / split).mkdir()
            images, labels = (
                entries(layout.out("split") / f"{split}.json", name) for name in ("images", "annotations")
            )
            index = write_labels(images, labels, params.problem, out / split, params.prepare.mirror)
            with progress(f"prepare {split} images", index["image"].nunique()) as bar:
                target, filters = out / split / IMAGES, params.prepare.filters
                write_images(target, index, layout, filters, params.problem.input, bar)
