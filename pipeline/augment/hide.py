"""Cover keypoints with what is beside them, so that missing ones are learned: a label says missing too seldom."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_APART = 2.2  # radii between a keypoint and what is copied over it
_SOFT = 0.25  # radii over which the copy fades into the image


def draw_hidden(
    visibility: UInt8[np.ndarray, " K"], probability: float, rng: np.random.Generator
) -> Bool[np.ndarray, " K"]:
    """Which keypoints to hide: each visible one with `probability`, but never the last.

    Args:
        visibility: COCO's 0, 1, 2.
        probability: Of each keypoint.
        rng: Draws K numbers, whatever the visibility.
    """
    chance = rng.random(len(visibility))
    hidden = np.asarray((chance < probability) & (visibility == 2))
    if hidden.any() and hidden.sum() == (visibility > 0).sum():
        hidden[int(np.argmax(np.where(hidden, chance, -1)))] = False
    return hidden


def cover(
    image: UInt8[np.ndarray, "H W C"],
    keypoints: Float[np.ndarray, "K 2"],
    hidden: Bool[np.ndarray, " K"],
    radius: float,
    rng: np.random.Generator,
) -> tuple[UInt8[np.ndarray, "H W C"], Bool[np.ndarray, " K"]]:
    """Copy a soft-edged disc from beside each hidden keypoint over it.

    Of eight places around, the one is copied whose rim looks most like that of the covered disc, so that skin covers
    skin; places outside the image or with another keypoint are left out, and a keypoint that has no other stays.

    Args:
        image: Left as it is.
        keypoints: (x, y) in the image's pixels, NaN where not labelled.
        hidden: Which to cover.
        radius: Of the disc, pixels; should reach beyond what marks a keypoint.
        rng: For the directions.

    Returns:
        The changed image, and which keypoints were covered.
    """
    covered, changed = np.zeros_like(hidden), image
    for k in np.flatnonzero(hidden):
        turn = rng.uniform(0, 2 * np.pi) + np.arange(8) * np.pi / 4
        around = keypoints[k] + _APART * radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        free = [source for source in around if _is_free(source, np.delete(keypoints, k, axis=0), radius, image.shape)]
        if free:
            changed = _covered(changed, keypoints[k], free, radius)
            covered[k] = True
    return changed, covered


def _is_free(
    source: Float[np.ndarray, "2"], others: Float[np.ndarray, "K 2"], radius: float, shape: tuple[int, ...]
) -> bool:
    reach = radius * (1 + _SOFT) + 1
    inside = (source >= reach).all() and (source <= np.array([shape[1], shape[0]]) - 1 - reach).all()
    return bool(inside and not (np.linalg.norm(others - source, axis=1) < 2 * radius).any())


def _covered(
    image: UInt8[np.ndarray, "H W C"], at: Float[np.ndarray, "2"], sources: list[np.ndarray], radius: float
) -> UInt8[np.ndarray, "H W C"]:
    """The image with one of the discs at `sources` shown at `at`."""
    size = 2 * int(np.ceil(radius * (1 + _SOFT))) + 1
    corner = np.rint(at).astype(int) - size // 2
    low, high = np.maximum(corner, 0), np.minimum(corner + size, [image.shape[1], image.shape[0]])
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
    share = np.clip((1 + _SOFT - np.hypot(columns - at[0], rows - at[1]) / radius) / _SOFT, 0, 1)[..., None]
    rim = (share > 0) & (share < 1)
    here = image[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    inner = np.s_[low[1] - corner[1] : high[1] - corner[1], low[0] - corner[0] : high[0] - corner[0]]
    patches = [
        cv2.getRectSubPix(image, (size, size), tuple(source.tolist())).reshape(size, size, -1)[inner]
        for source in sources
    ]
    best = min(patches, key=lambda patch: float((np.abs(patch - here) * rim).sum()))
    changed = image.copy()
    changed[low[1] : high[1], low[0] : high[0]] = np.rint(share * best + (1 - share) * here).astype(np.uint8)
    return changed
