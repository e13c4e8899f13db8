"""Models: blocks, backbones, heads, architectures, and the codecs between keypoints and a network's raw outputs.

An architecture is one file with a subclass of `Network`, and its settings in settings/, which name it.
"""
