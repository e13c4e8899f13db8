"""Prepare decodes, filters and resizes every image once, into arrays that training memory-maps."""
