"""Models: blocks, backbones, heads, architectures, and the codecs between keypoints and a network's raw outputs.

An architecture is a file with a subclass of `Network` and a settings class in settings/. It is registered in
`build.ARCHITECTURES` and in `settings.ModelSettings`.
"""
