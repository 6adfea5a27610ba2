"""Reads ONNX models. Needs the extra `onnx`."""

from netlint.frontends.onnx.load import load_whole
from netlint.frontends.onnx.reader import FACTS, read

__all__ = ["FACTS", "load_whole", "read"]
