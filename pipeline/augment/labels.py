"""What a move does to keypoints and boxes."""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from pipeline.augment.geometry import Move


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
