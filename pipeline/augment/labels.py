"""Keypoints and boxes under a move."""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from pipeline.augment.geometry import Move

_MIN_VISIBLE_SHARE = 0.3


def move_keypoints(
    move: Move,
    keypoints: Float[np.ndarray, "K 2"],
    visibility: UInt8[np.ndarray, " K"],
    flip_order: list[int],
    width: int,
    height: int,
) -> tuple[Float[np.ndarray, "K 2"], UInt8[np.ndarray, " K"]]:
    """Move keypoints. A keypoint that leaves the image is no longer labelled (NaN, visibility 0).

    Args:
        move: Map of the image.
        keypoints: (x, y) in pixels, NaN where not labelled.
        visibility: COCO's 0, 1, 2.
        flip_order: For each keypoint, the index of the keypoint that takes its place in a mirrored image.
        width: Width of the image, pixels.
        height: Height of the image, pixels.

    Returns:
        The moved keypoints and their visibility.
    """
    if move.flip:
        keypoints, visibility = keypoints[flip_order], visibility[flip_order]
    moved = move.points(keypoints.astype(np.float64))
    visibility = visibility * inside(moved, width, height)
    moved[visibility == 0] = np.nan
    return moved.astype(np.float32), visibility.astype(np.uint8)


def inside(points: Float[np.ndarray, "K 2"], width: int, height: int) -> Bool[np.ndarray, " K"]:
    """True for each point that lies on a pixel of the image; False for NaN."""
    within: np.ndarray = (points >= -0.5) & (points < (width - 0.5, height - 0.5))
    return np.asarray(within.all(axis=1))


def move_box(
    move: Move,
    box: Float[np.ndarray, "4"],
    before: Float[np.ndarray, "K 2"],
    after: Float[np.ndarray, "K 2"],
    width: int,
    height: int,
) -> Float[np.ndarray, "4"]:
    """Move a box and clip it to the image.

    A labelled box surrounds its keypoints with a margin (pipeline/collect/boxes.py). The moved box surrounds the
    keypoints that are still labelled, with the margins of the original box, zoomed. The upright hull of the tilted box
    would be the usual choice, but it grows with the tilt and would teach the box head sizes that no label has. Without
    labelled keypoints the hull is taken all the same.

    Args:
        move: Map of the image.
        box: (x, y, width, height), pixels.
        before: Keypoints before the move, NaN where not labelled.
        after: Keypoints after the move; at least one is labelled unless the move is plain.
        width: Width of the image, pixels.
        height: Height of the image, pixels.
    """
    if not np.isfinite(before).any():
        return hulls(move, box[None], width, height)[0]
    if move.plain:
        mirrored = np.array([width - 1 - box[0] - box[2], *box[1:]], dtype=np.float32)
        return mirrored if move.flip else box
    low, high = np.nanmin(before, axis=0) - box[:2], box[:2] + box[2:] - np.nanmax(before, axis=0)
    if move.flip:
        low[0], high[0] = high[0], low[0]
    limit = np.array([width - 0.5, height - 0.5])
    start = np.clip(np.nanmin(after, axis=0) - low * move.zoom, -0.5, limit)
    end = np.clip(np.nanmax(after, axis=0) + high * move.zoom, -0.5, limit)
    return np.concatenate([start, end - start]).astype(np.float32)


def hulls(move: Move, boxes: Float[np.ndarray, "M 4"], width: int, height: int) -> Float[np.ndarray, "M 4"]:
    """Return the upright boxes (x, y, width, height) around moved boxes, clipped to the image; NaN stays NaN."""
    x, y, w, h = boxes.astype(np.float64).T
    corners = np.stack([np.stack(c, axis=-1) for c in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))], axis=1)
    moved = move.points(corners)
    limit = np.array([width - 0.5, height - 0.5])
    low, high = np.clip(moved.min(axis=1), -0.5, limit), np.clip(moved.max(axis=1), -0.5, limit)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)


def move_objects(move: Move, objects: Float[np.ndarray, "M 5"], width: int, height: int) -> Float[np.ndarray, "M 5"]:
    """Move all instances of an image. One with less than `_MIN_VISIBLE_SHARE` of its area left in it becomes NaN.

    Args:
        move: Map of the image.
        objects: x, y, width, height (pixels), class of each instance; NaN after the last instance.
        width: Width of the image, pixels.
        height: Height of the image, pixels.
    """
    if not len(objects):
        return objects
    moved = np.concatenate([hulls(move, objects[:, :4], width, height), objects[:, 4:]], axis=1)
    whole = objects[:, 2] * objects[:, 3] * move.zoom**2
    moved[~(moved[:, 2] * moved[:, 3] >= _MIN_VISIBLE_SHARE * whole)] = np.nan
    return moved.astype(np.float32)
