"""Watching consumers: compares windows of their records with a reference, and says what drifted."""
