"""Calibration of a temporal model's radii, and its judgement against the network's answers frame by frame."""
