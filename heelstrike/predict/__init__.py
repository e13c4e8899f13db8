"""Predict: a consumer's side: pull a package, read images and video, write result files. Needs no torch."""
