"""Clinical measurements from keypoints: rear-foot angles, footprints, the volume to scan.

`base.Measure` is the interface of a measure of single images, and `build.MEASURES` lists them. `exam.ExamMeasure` is
the interface of a measure of exams, which have several images each, and `build.EXAM_MEASURES` lists them. `radii` and
`uncertainty` estimate how far keypoints and values may be off.
"""
