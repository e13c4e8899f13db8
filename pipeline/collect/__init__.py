"""Collect: read any label format, extract the labelled frames, write one annotation table and its images."""
