"""Prepare: every image decoded, filtered and resized exactly once, into arrays that training memory-maps."""
