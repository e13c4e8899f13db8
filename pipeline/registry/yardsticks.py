"""What a package's error is, by what it finds: one file each, the first one that a package answers for counts."""

from pipeline.heads.box.error import BOX
from pipeline.heads.classes.error import CLASS
from pipeline.heads.detections.error import DETECTIONS
from pipeline.heads.error import Found, TestSet, Yardstick
from pipeline.heads.keypoints.error import KEYPOINTS

YARDSTICKS: dict[str, Yardstick] = {"keypoints": KEYPOINTS, "box": BOX, "class": CLASS, "detections": DETECTIONS}
"""By head."""

__all__ = ["BOX", "CLASS", "DETECTIONS", "KEYPOINTS", "YARDSTICKS", "Found", "TestSet", "Yardstick"]
