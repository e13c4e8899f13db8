"""Painting out of keypoints' markers, so that few people with missing markers teach what a missing marker looks like.

It suits keypoints that are marked by something small on a smooth ground, such as stickers on skin.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_LEAST_PX = 2.5
_REACH = 3  # neighbourhood that the painted disc is filled from, pixels


def draw_removed(
    probability: float, visibility: UInt8[np.ndarray, " K"], rng: np.random.Generator
) -> Bool[np.ndarray, " K"]:
    """Draw which visible keypoints lose their marker: none, or each with a share that is drawn from 0 to 1.

    Args:
        probability: Probability that an image loses markers at all.
        visibility: COCO's 0, 1, 2.
        rng: Source of all choices; the count of drawn numbers is fixed.
    """
    loses, share, each = rng.random(), rng.random(), rng.random(len(visibility))
    return (visibility == 2) & (each < share) if loses < probability else np.zeros(len(visibility), bool)


def remove(
    image: UInt8[np.ndarray, "H W C"],
    keypoints: Float[np.ndarray, "K 2"],
    removed: Bool[np.ndarray, " K"],
    radius: float,
) -> UInt8[np.ndarray, "H W C"]:
    """Return a copy in which discs at these keypoints are filled from around them (Telea 2004, fast marching).

    Args:
        image: RGB or gray image.
        keypoints: (x, y), pixels, NaN where not labelled.
        removed: True for the keypoints to paint out.
        radius: Radius of a disc as a share of the largest distance between two labelled keypoints.

    Returns:
        The image itself if nothing is painted out or fewer than two keypoints are labelled.
    """
    labelled = keypoints[np.isfinite(keypoints).all(axis=1)].astype(np.float64)
    if not removed.any() or len(labelled) < 2:
        return image
    extent = np.linalg.norm(labelled[:, None] - labelled, axis=-1).max()
    size = max(radius * extent, _LEAST_PX)
    changed = image.copy()
    for point in keypoints[removed]:
        _fill(changed, point, size)
    return changed


def _fill(image: UInt8[np.ndarray, "H W C"], point: Float[np.ndarray, "2"], radius: float) -> None:
    """Fill a disc of the image in place; only the window around it is worked on."""
    height, width = image.shape[:2]
    margin = radius + _REACH + 1
    x0, y0 = np.clip(np.floor(point - margin), 0, (width, height)).astype(int)
    x1, y1 = np.clip(np.ceil(point + margin) + 1, 0, (width, height)).astype(int)
    window = image[y0:y1, x0:x1]
    y, x = np.mgrid[y0:y1, x0:x1]
    disc = ((x - point[0]) ** 2 + (y - point[1]) ** 2 <= radius**2).astype(np.uint8)
    filled = cv2.inpaint(np.ascontiguousarray(window), disc, _REACH, cv2.INPAINT_TELEA)
    image[y0:y1, x0:x1] = filled.reshape(window.shape)
