"""Fixes of ONNX models: a changed copy, checked, run beside the model that it comes from, and written. Needs the extra `onnx`."""

from netlint.fixes.onnx.saving import write_model
from netlint.fixes.onnx.surgeon import OnnxSurgeon

__all__ = ["OnnxSurgeon", "write_model"]
