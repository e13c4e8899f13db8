"""Package: one ONNX graph from uint8 image to answers, with model card and manifest, proven equal to the network."""
