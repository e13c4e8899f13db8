"""What a package's error is, by what it finds: one file each, the first one that a package answers for counts."""

from pipeline.registry.yardsticks.base import Found, TestSet, Yardstick
from pipeline.registry.yardsticks.box import BOX
from pipeline.registry.yardsticks.classes import CLASS
from pipeline.registry.yardsticks.detections import DETECTIONS
from pipeline.registry.yardsticks.keypoints import KEYPOINTS

YARDSTICKS: dict[str, Yardstick] = {"keypoints": KEYPOINTS, "box": BOX, "class": CLASS, "detections": DETECTIONS}
"""By head."""

__all__ = ["BOX", "CLASS", "DETECTIONS", "KEYPOINTS", "YARDSTICKS", "Found", "TestSet", "Yardstick"]
