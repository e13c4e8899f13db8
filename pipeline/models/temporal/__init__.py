"""Temporal models: they correct a frame's keypoints with a window of per-frame predictions around it."""

from pipeline.models.temporal.networks import TEMPORAL, Temporal
from pipeline.models.temporal.smooth import SMOOTHERS
from pipeline.models.temporal.tracks import Track, windows_of

__all__ = ["SMOOTHERS", "TEMPORAL", "Temporal", "Track", "windows_of"]
