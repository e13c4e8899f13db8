"""Scoring: what the scores, figures and words of every head are made of: cases, intervals, formats, styles."""
