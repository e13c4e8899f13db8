"""Prefect flows and the command line: what happens when; no mathematics, no file formats."""
