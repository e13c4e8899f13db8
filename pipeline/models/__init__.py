"""Models: blocks, backbones, heads, architectures and the codecs between keypoints and a network's raw outputs.

An architecture is one file with a subclass of `KeypointNetwork` and a settings class in settings/; it is named in
`build.ARCHITECTURES` and in `settings.ModelSettings`.
"""
