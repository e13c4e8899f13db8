"""Collect reads any label format, extracts the labelled frames, and writes one annotation table and its images."""
