"""Windows as a temporal network reads them, and its answers for them."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pipeline.models.temporal.networks import Temporal

_BATCH = 512  # windows that are predicted at once


class Windows(NamedTuple):
    """N windows of W slots, as `heelstrike.preprocess.windows` makes them, in single precision.

    Attributes:
        points: Shares of the size.
        confidence: In [0, 1].
        truth: Labelled keypoints in the same shares; NaN where not labelled, and where the keypoint is not known.
    """

    points: Float[np.ndarray, "N W K 2"]
    confidence: Float[np.ndarray, "N W K"]
    truth: Float[np.ndarray, "N K 2"]


def predict_temporal(
    network: Temporal, windows: Windows
) -> tuple[Float[np.ndarray, "N K 2"], Float[np.ndarray, "N K"]]:
    """Return places and spreads of the middle frames' keypoints, in shares. Sets the network to evaluation mode."""
    network.eval()
    if not len(windows.truth):
        return np.empty(windows.truth.shape), np.empty(windows.truth.shape[:2])
    parts = []
    with torch.inference_mode():
        for start in range(0, len(windows.truth), _BATCH):
            rows = slice(start, start + _BATCH)
            parts.append(network(torch.from_numpy(windows.points[rows]), torch.from_numpy(windows.confidence[rows])))
    points, spreads = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return points.astype(np.float64), spreads.astype(np.float64)
