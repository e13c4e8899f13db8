"""Measure: what a clinician reads off the keypoints: legs, rear-foot angles, footprints, the volume to scan.

`build.MEASURES` names every measure of single images, `base.Measure` is what each of them offers; `build.EXAM_MEASURES`
and `exam.ExamMeasure` are the same for what is read off several images of an exam together. `radii` and `uncertainty`
say how far keypoints and values may be off.
"""
