"""Evaluate: metrics, slices with intervals, figures and the report, on the test split."""
