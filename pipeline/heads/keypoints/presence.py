"""Which keypoints are there: how often the head is wrong about that, and how often two of them are at one place."""

import numpy as np
from jaxtyping import Bool, Float

from pipeline.scoring.cases import Truth
from pipeline.scoring.metrics import Numbers, visibility_metrics

ONE_PLACE_PX = 3.0
"""Distance below which two keypoints are at one place, pixels of the network's input."""


def presence_group(
    truth: Truth, keypoints: Float[np.ndarray, "N K 2"], confidence: Float[np.ndarray, "N K"], threshold: float
) -> Numbers:
    """The figures of `visibility_metrics`, and `coinciding_share`: pairs at one place per keypoint called visible.

    Args:
        truth: The split.
        keypoints: Predicted points, input pixels.
        confidence: Confidence of each point, in [0, 1].
        threshold: Confidence below which a consumer treats a point as missing.
    """
    numbers = visibility_metrics(confidence, truth.visibility == 2, ~truth.labelled, threshold)
    present = confidence >= threshold
    pairs = int(coinciding(keypoints, present).sum())
    return numbers | {"coinciding_share": pairs / int(present.sum()) if present.any() else float("nan")}


def coinciding(
    keypoints: Float[np.ndarray, "N K 2"], present: Bool[np.ndarray, "N K"], limit: float = ONE_PLACE_PX
) -> Bool[np.ndarray, "N K K"]:
    """True for each pair of present keypoints (the first one's index is lower) that are nearer than `limit`."""
    apart = np.linalg.norm(keypoints[:, :, None] - keypoints[:, None], axis=-1)
    return np.triu((apart < limit) & present[:, :, None] & present[:, None], 1)
