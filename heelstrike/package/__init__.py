"""Package: the wire format of a model, and its ONNX runtime."""
