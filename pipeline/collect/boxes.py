"""Boxes around keypoints."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pipeline.annotations import BOX_COLUMNS, keypoints_of


def boxes_of(table: pd.DataFrame, keypoints: tuple[str, ...], buffer_px: float) -> Float[np.ndarray, "N 4"]:
    """The box of each instance: the labelled one, else one around its keypoints, else the whole image.

    Args:
        table: With width and height, the keypoint columns, and BOX_COLUMNS where boxes are labelled (NaN where not).
        keypoints: Their names.
        buffer_px: Pixels around keypoints.
    """
    width, height = table["width"].to_numpy(), table["height"].to_numpy()
    boxes = np.stack([np.full(len(table), -0.5), np.full(len(table), -0.5), width, height], axis=1)
    if keypoints:
        boxes = boxes_around(keypoints_of(table, keypoints)[0], width, height, buffer_px)
    if set(BOX_COLUMNS) <= set(table.columns):
        labelled = table[BOX_COLUMNS].to_numpy(dtype=np.float64)
        known = np.isfinite(labelled).all(axis=1, keepdims=True)
        boxes = np.where(known, labelled, boxes)
    return boxes


def boxes_around(
    xy: Float[np.ndarray, "N K 2"],
    width: Int[np.ndarray, " N"],
    height: Int[np.ndarray, " N"],
    buffer_px: float,
) -> Float[np.ndarray, "N 4"]:
    """Smallest box around an instance's labelled keypoints, grown by a buffer, clipped to the image.

    An image of width W reaches from -0.5 to W - 0.5, since (0, 0) is the centre of its top-left pixel; a box that fills
    it is (-0.5, -0.5, W, H). Keypoints outside the image do not pull the box outside.

    Args:
        xy: Keypoints (x, y) in pixels, NaN where not labelled; at least one per instance.
        width: Image widths in pixels, (N,).
        height: Image heights in pixels, (N,).
        buffer_px: Pixels added on every side.

    Returns:
        (x, y, w, h) of the top-left corner and the size, (N, 4).
    """
    largest = np.stack([width, height], axis=1) - 0.5
    low = np.clip(np.nanmin(xy, axis=1) - buffer_px, -0.5, largest)
    high = np.clip(np.nanmax(xy, axis=1) + buffer_px, -0.5, largest)
    return np.concatenate([low, high - low], axis=1)


def rebuffered(coco: dict[str, Any], buffer_px: float) -> dict[str, Any]:
    """A split's COCO JSON with the boxes that `collect.box_buffer_px` would have made: a variant of the dataset.

    Nothing but the labels is needed: no video, no image, and no other stage has to run again.

    Args:
        coco: As the split stage writes it; stays as it is.
        buffer_px: Pixels added on every side, before clipping.

    Returns:
        The same with other `bbox` and `area`; an instance of which nothing is labelled keeps its own.
    """
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    annotations = [dict(annotation) for annotation in coco["annotations"]]
    labelled = [annotation for annotation in annotations if annotation["num_keypoints"]]
    if labelled:
        points = np.array([a["keypoints"] for a in labelled], dtype=np.float64).reshape(len(labelled), -1, 3)
        xy = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
        width, height = np.array([sizes[a["image_id"]] for a in labelled]).T
        for annotation, box in zip(labelled, boxes_around(xy, width, height, buffer_px), strict=True):
            annotation |= {"bbox": box.tolist(), "area": float(box[2] * box[3])}
    return coco | {"annotations": annotations}
