"""Heelstrike's stages and their shared code. This file imports nothing, so that each stage loads only its own code."""
