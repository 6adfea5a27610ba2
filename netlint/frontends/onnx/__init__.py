"""Reads ONNX models. Needs the extra `onnx`."""

from netlint.frontends.onnx.reader import FACTS, read

__all__ = ["FACTS", "read"]
