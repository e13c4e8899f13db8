"""Models: blocks, architectures and the codecs that turn keypoints into targets and outputs into keypoints.

An architecture is one file with a subclass of `KeypointNetwork` and a settings class in settings.py; it is named in
`build.ARCHITECTURES` and in `settings.ModelSettings`.
"""
