"""Boxes around keypoints."""

import numpy as np
from jaxtyping import Float, Int


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
