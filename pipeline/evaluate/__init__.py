"""Evaluate: metrics, slices with intervals, figures and the report of a network on the test split."""
