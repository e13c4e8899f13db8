"""What a move does to keypoints and boxes."""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from pipeline.augment.geometry import Move

_ENOUGH = 0.3


def move_keypoints(
    move: Move,
    keypoints: Float[np.ndarray, "K 2"],
    visibility: UInt8[np.ndarray, " K"],
    flip_order: list[int],
    width: int,
    height: int,
) -> tuple[Float[np.ndarray, "K 2"], UInt8[np.ndarray, " K"]]:
    """Keypoints after a move; one that leaves the image is no longer labelled (NaN, 0), never a false label.

    Args:
        move: How the image moves.
        keypoints: (x, y), NaN where not labelled.
        visibility: COCO's 0, 1, 2.
        flip_order: Index of the keypoint that takes each one's place in a mirrored image.
        width: Of the image.
        height: Of the image.
    """
    if move.flip:
        keypoints, visibility = keypoints[flip_order], visibility[flip_order]
    moved = move.points(keypoints.astype(np.float64))
    seen = visibility * inside(moved, width, height)
    moved[seen == 0] = np.nan
    return moved.astype(np.float32), seen.astype(np.uint8)


def inside(points: Float[np.ndarray, "K 2"], width: int, height: int) -> Bool[np.ndarray, " K"]:
    """Which points lie on a pixel of the image; NaN does not."""
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
    """The box after a move, clipped to the image.

    A box is drawn around keypoints with a margin (pipeline/collect/boxes.py). So is this one, around those that are
    still labelled, with the box's own margins, zoomed: the upright hull of the tilted box, which is what one usually
    takes, would grow with the tilt and teach the box head a size that no label has.

    Args:
        move: How the image moves.
        box: (x, y, width, height).
        before: Keypoints before the move, NaN where not labelled.
        after: Keypoints after it; at least one is labelled unless the move is plain.
        width: Of the image.
        height: Of the image.
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
    """Upright boxes around moved boxes (x, y, width, height), clipped to the image; NaN stays NaN."""
    x, y, w, h = boxes.astype(np.float64).T
    corners = np.stack([np.stack(c, axis=-1) for c in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))], axis=1)
    moved = move.points(corners)
    limit = np.array([width - 0.5, height - 0.5])
    low, high = np.clip(moved.min(axis=1), -0.5, limit), np.clip(moved.max(axis=1), -0.5, limit)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)


def move_objects(move: Move, objects: Float[np.ndarray, "M 5"], width: int, height: int) -> Float[np.ndarray, "M 5"]:
    """All instances of an image after a move; one of which less than `_ENOUGH` of its area is left is no label.

    Args:
        move: How the image moves.
        objects: x, y, width, height, class; NaN beyond the last.
        width: Of the image.
        height: Of the image.
    """
    if not len(objects):
        return objects
    moved = np.concatenate([hulls(move, objects[:, :4], width, height), objects[:, 4:]], axis=1)
    whole = objects[:, 2] * objects[:, 3] * move.zoom**2
    moved[~(moved[:, 2] * moved[:, 3] >= _ENOUGH * whole)] = np.nan
    return moved.astype(np.float32)
