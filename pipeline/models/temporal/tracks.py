"""Per-frame predictions of a video, and windows of them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Track:
    """Predictions and labels of a video, frame by frame, in input pixels.

    Attributes:
        subject: Name of the subject.
        keypoints: Predicted keypoints.
        confidence: Confidence of each keypoint, in [0, 1].
        boxes: Predicted boxes (x, y, width, height).
        truth: Labelled keypoints, NaN where not labelled.
    """

    subject: str
    keypoints: Float[np.ndarray, "T K 2"]
    confidence: Float[np.ndarray, "T K"]
    boxes: Float[np.ndarray, "T 4"]
    truth: Float[np.ndarray, "T K 2"]

    @property
    def labelled(self) -> Bool[np.ndarray, "T K"]:
        """True for labelled keypoints."""
        return np.isfinite(self.truth).all(axis=-1)


class Windows(NamedTuple):
    """Windows of W frames around each frame of some videos. The first and last frames are repeated at the ends."""

    keypoints: Float[np.ndarray, "N W K 2"]
    confidence: Float[np.ndarray, "N W K"]
    boxes: Float[np.ndarray, "N W 4"]
    truth: Float[np.ndarray, "N K 2"]


def windows_of(tracks: list[Track], width: int) -> Windows:
    """Make a window for each frame of all videos in order, in single precision.

    Args:
        tracks: The videos.
        width: Number of frames in a window, odd. The middle frame is the one that is corrected.
    """
    parts: list[list[np.ndarray]] = [[], [], [], []]
    for track in tracks:
        steps = np.arange(width) - width // 2
        frames = np.clip(np.arange(len(track.keypoints))[:, None] + steps, 0, len(track.keypoints) - 1)
        for part, values in zip(parts, (track.keypoints, track.confidence, track.boxes), strict=False):
            part.append(values[frames])
        parts[3].append(track.truth)
    return Windows(*(np.concatenate(part).astype(np.float32) for part in parts))
