"""Package: one ONNX graph from uint8 image to predictions, with model card and manifest, checked by the network."""
