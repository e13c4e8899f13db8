"""Synthetic sources: video and image files of invented people, with exact labels.

A video generator draws a subject from (seed, index) and renders its frames (`source.py`). An image generator draws one
image at a time (`stills.py`). `generators.py` writes either as the files that a clinic would send: images and labels.
`settings.py` imports none of them, since every command reads it.
"""
