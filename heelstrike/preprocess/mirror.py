"""Images mirrored left to right, and what was found in them mirrored back; both are the same operation."""

import numpy as np
from jaxtyping import Bool, Float, Int


def mirror_points(
    points: Float[np.ndarray, "N P 2"], width: Int[np.ndarray, " N"], mirrored: Bool[np.ndarray, " N"]
) -> Float[np.ndarray, "N P 2"]:
    """Points (x, y) of images, x counted from the other side where the image is mirrored.

    Args:
        points: Pixels of the image.
        width: Of each image, pixels.
        mirrored: Which images are.
    """
    x = np.where(mirrored[:, None], width[:, None] - 1 - points[..., 0], points[..., 0])
    return np.stack([x, points[..., 1]], axis=-1)


def mirror_boxes(
    boxes: Float[np.ndarray, "N 4"], width: Int[np.ndarray, " N"], mirrored: Bool[np.ndarray, " N"]
) -> Float[np.ndarray, "N 4"]:
    """The same for boxes (x, y, w, h)."""
    x = np.where(mirrored, width - 1 - boxes[:, 0] - boxes[:, 2], boxes[:, 0])
    return np.concatenate([x[:, None], boxes[:, 1:]], axis=1)
