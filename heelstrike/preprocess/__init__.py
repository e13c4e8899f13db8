"""Preprocess: what training and consumer do alike to an image: filters, mirror, letterbox."""
