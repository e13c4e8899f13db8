"""Measure: what a clinician reads off the keypoints: legs, rear-foot angles.

`build.MEASURES` names every measure; `base.Measure` is what each of them offers.
"""
