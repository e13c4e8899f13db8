"""Boxes around keypoints."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pipeline.annotations import BOX_COLUMNS, keypoints_of


def boxes_of(table: pd.DataFrame, keypoints: tuple[str, ...], buffer_px: float) -> Float[np.ndarray, "N 4"]:
    """Return the box of each instance: the labelled one, else one around its keypoints, else the whole image.

    Args:
        table: Has width and height, the keypoint columns, and BOX_COLUMNS if boxes are labelled (NaN where not).
        keypoints: Names of the keypoints.
        buffer_px: Pixels added on every side of the keypoints.

    Returns:
        (x, y, w, h) of the top-left corner and the size, in pixels, (N, 4).
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
    """Return the smallest box around each instance's labelled keypoints, grown by a buffer and clipped to the image.

    An image of width W reaches from -0.5 to W - 0.5, since (0, 0) is the centre of its top-left pixel. A box that fills
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
    """Return a split's COCO JSON with the boxes that another `collect.box_buffer_px` would have made.

    Only the labels are needed: no video or image is read, and no other stage has to run again.

    Args:
        coco: The JSON as the split stage writes it. It is not changed.
        buffer_px: Pixels added on every side, before clipping.

    Returns:
        A copy with new `bbox` and `area`. An instance without labelled keypoints keeps its box.
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
