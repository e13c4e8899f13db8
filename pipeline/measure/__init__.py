"""Measure: what a clinician reads off the keypoints: legs, rear-foot angles.

`build.MEASURES` names every measure; `base.Measure` is what each of them offers. `radii` and `uncertainty` say how far
keypoints and values may be off.
"""
