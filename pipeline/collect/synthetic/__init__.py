"""Synthetic sources: people who were never filmed, as real video files with exact labels.

A generator draws a subject from (seed, index) and renders its frames; `generate` turns one into the files that a clinic
would send: videos/NAME.mp4 and a labels.csv.
"""

from pipeline.collect.synthetic.source import GENERATORS, generate

__all__ = ["GENERATORS", "generate"]
