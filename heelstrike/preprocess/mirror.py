"""Mirroring of points, their names and boxes left to right. Mirroring twice gives the original."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int


def flip_order(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[int]:
    """Return the index of the keypoint that takes the place of each keypoint in a mirrored image.

    Args:
        names: Names of the keypoints.
        pairs: Names that a mirrored image exchanges; a keypoint in no pair keeps its place.
    """
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return [names.index(partner.get(name, name)) for name in names]


def mirror_points(
    points: Float[np.ndarray, "N P 2"], width: Int[np.ndarray, " N"], mirrored: Bool[np.ndarray, " N"]
) -> Float[np.ndarray, "N P 2"]:
    """Mirror the points of the images that are mirrored.

    Args:
        points: (x, y) of P points in each image, in pixels.
        width: Width of each image in pixels.
        mirrored: True for each image that is mirrored.
    """
    x = np.where(mirrored[:, None], width[:, None] - 1 - points[..., 0], points[..., 0])
    return np.stack([x, points[..., 1]], axis=-1)


def mirror_boxes(
    boxes: Float[np.ndarray, "N 4"], width: Int[np.ndarray, " N"], mirrored: Bool[np.ndarray, " N"]
) -> Float[np.ndarray, "N 4"]:
    """Mirror the boxes (x, y, w, h) of the images that are mirrored; one box for each image, as `mirror_points`."""
    x = np.where(mirrored, width - 1 - boxes[:, 0] - boxes[:, 2], boxes[:, 0])
    return np.concatenate([x[:, None], boxes[:, 1:]], axis=1)
