"""Package: one ONNX graph from uint8 image to keypoints, with model card and manifest."""
