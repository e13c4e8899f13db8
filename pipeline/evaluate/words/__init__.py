"""What the report says about the answers of a head, in words: one file each."""

from pipeline.evaluate.words import box, classes, detections, exams, keypoints, measured, radius

__all__ = ["box", "classes", "detections", "exams", "keypoints", "measured", "radius"]
