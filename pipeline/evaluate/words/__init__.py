"""What the report says about the answers of a head, in words: one file each."""

from pipeline.evaluate.words import classes, detections, exams, radius

__all__ = ["classes", "detections", "exams", "radius"]
