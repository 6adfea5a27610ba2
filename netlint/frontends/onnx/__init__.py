"""Reads ONNX models. Needs the extra `onnx`."""

from netlint.frontends.onnx.reader import read

__all__ = ["read"]
