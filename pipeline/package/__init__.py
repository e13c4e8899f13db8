"""Package: one ONNX graph from uint8 image to keypoints, with model card and manifest.

`stage.py` makes a package; `runtime.py` is what a consumer loads it with, and needs no torch.
"""
