"""The encoder and its export to ONNX."""
