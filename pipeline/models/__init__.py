"""Models: blocks, architectures and the codecs that turn keypoints into targets and outputs into keypoints."""
