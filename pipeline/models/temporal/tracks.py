"""What a per-frame network says about one video, and windows of it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Track:
    """One video, frame by frame, in input pixels.

    Attributes:
        subject: Who is seen.
        found: Predicted keypoints.
        confidence: Of each, in [0, 1].
        boxes: Predicted (x, y, width, height).
        truth: True keypoints, NaN where not labelled.
    """

    subject: str
    found: Float[np.ndarray, "T K 2"]
    confidence: Float[np.ndarray, "T K"]
    boxes: Float[np.ndarray, "T 4"]
    truth: Float[np.ndarray, "T K 2"]

    @property
    def labelled(self) -> Bool[np.ndarray, "T K"]:
        """Keypoints with a true place."""
        return np.isfinite(self.truth).all(axis=-1)


class Windows(NamedTuple):
    """Windows of W frames around each frame of some videos; before the first and after the last, those repeat."""

    keypoints: Float[np.ndarray, "N W K 2"]
    confidence: Float[np.ndarray, "N W K"]
    boxes: Float[np.ndarray, "N W 4"]
    truth: Float[np.ndarray, "N K 2"]


def windows_of(tracks: list[Track], width: int) -> Windows:
    """A window for each frame, videos one after the other; single precision, as networks take it.

    Args:
        tracks: The videos.
        width: Frames in a window, odd; its middle is the frame that is corrected.
    """
    parts: list[list[np.ndarray]] = [[], [], [], []]
    for track in tracks:
        steps = np.arange(width) - width // 2
        frames = np.clip(np.arange(len(track.found))[:, None] + steps, 0, len(track.found) - 1)
        for part, values in zip(parts, (track.found, track.confidence, track.boxes), strict=False):
            part.append(values[frames])
        parts[3].append(track.truth)
    return Windows(*(np.concatenate(part).astype(np.float32) for part in parts))
