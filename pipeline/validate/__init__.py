"""Validate: a Great Expectations suite over the annotation table, Data Docs, and a list a labeller can work from."""
