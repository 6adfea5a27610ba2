"""Whether onnx's own checker takes a model."""

from __future__ import annotations

from pathlib import Path

import onnx


def problem(model: onnx.ModelProto | Path, full: bool = True) -> str | None:
    """What onnx's checker says against a model, with the shapes that follow from it if `full`; None if nothing.

    A model with weights in other files has to be a path: the checker wants to see them.
    """
    try:
        onnx.checker.check_model(model if isinstance(model, onnx.ModelProto) else str(model), full_check=full)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError, TypeError) as error:
        return str(error).strip().partition("\n")[0] or type(error).__name__
    return None
