"""Scoring: the parts that the evaluation of every head shares: cases, intervals, number formats, figure styles."""
