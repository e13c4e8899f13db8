"""Prediction on images and videos: from a package and a file to frame results and result files. Needs no torch."""
