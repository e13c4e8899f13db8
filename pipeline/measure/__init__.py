"""Measure: what a clinician reads: legs, rear-foot angles."""
