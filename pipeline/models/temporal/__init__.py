"""Temporal models: they correct a frame's keypoints with a window of per-frame predictions around it."""

from pipeline.models.temporal.networks import TEMPORAL, Temporal
from pipeline.models.temporal.smooth import SMOOTHERS

__all__ = ["SMOOTHERS", "TEMPORAL", "Temporal"]
