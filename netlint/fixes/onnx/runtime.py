"""Running a model: with onnxruntime where it is installed, else with onnx's reference evaluator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx.external_data_helper import load_external_data_for_model

from netlint.engine.reading import installed
from netlint.fixes.onnx.external import external_tensors, is_external, location
from netlint.frontends.files import unlike_a_file
from netlint.frontends.onnx.load import MOST_BYTES, stays_inside

Feeds = Mapping[str, np.ndarray]
Run = Callable[[Feeds], "list[Any]"]
"""Gives the outputs for inputs by name. Raises CannotRun."""


class CannotRun(Exception):
    """A model that cannot be run, or not on these inputs; the text says why."""


def runtime() -> str:
    """What runs models here, with its version."""
    name = "onnxruntime" if installed("onnxruntime") else "onnx"
    return f"{name} {import_module(name).__version__}" + (" (reference evaluator)" if name == "onnx" else "")


def runner(model: onnx.ModelProto, folder: Path | None, optimized: bool = False) -> Run:
    """A model, ready to run on one thread; `folder` holds its external weights. Raises CannotRun.

    Without `optimized` the runtime applies the operators one after the other as the file has them: its own graph optimisations would
    change what is compared.
    """
    if is_external(model):
        model = _with_weights(model, folder)
    return _onnxruntime(model, optimized) if installed("onnxruntime") else _reference(model)


def _with_weights(model: onnx.ModelProto, folder: Path | None) -> onnx.ModelProto:
    """A copy that holds its external weights itself. What runs it would look for them where the process is, not where the model is."""
    if folder is None:
        raise CannotRun("its external weights lie in a folder that is not known")
    for name in dict.fromkeys(map(location, external_tensors(model))):
        _refuse_strange(name, folder)
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    try:
        load_external_data_for_model(whole, str(folder))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise CannotRun(f"its external weights cannot be read: {error}") from error
    if is_external(whole):
        raise CannotRun("its sparse weights lie in other files")
    return whole


def _refuse_strange(name: str, folder: Path) -> None:
    """Raises CannotRun for a file of weights that is outside the model's folder, is none, or is larger than all that is run."""
    try:
        status = (folder / name).stat() if stays_inside(name, folder) else None
    except (OSError, ValueError, RuntimeError) as error:
        raise CannotRun(f"its external weights `{name}` cannot be looked at: {error}") from error
    if status is None:
        raise CannotRun(f"its external weights `{name}` lie outside its folder")
    if unlike_a_file(status) or status.st_size > MOST_BYTES:
        raise CannotRun(f"its external weights `{name}` are no file, or have more than 2 GiB")


def _onnxruntime(model: onnx.ModelProto, optimized: bool) -> Run:
    ort: Any = import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class of their own
        raise CannotRun(f"onnxruntime does not take it: {_first_line(error)}") from error

    def run(feeds: Feeds) -> list[Any]:
        try:
            return list(session.run(None, dict(feeds)))
        except Exception as error:
            raise CannotRun(f"onnxruntime fails on these inputs: {_first_line(error)}") from error

    return run


def _reference(model: onnx.ModelProto) -> Run:
    from onnx.reference import ReferenceEvaluator

    try:
        evaluator = ReferenceEvaluator(model)
    except Exception as error:  # whatever its operators, written in Python, raise
        raise CannotRun(f"onnx's reference evaluator does not take it: {_first_line(error)}") from error

    def run(feeds: Feeds) -> list[Any]:
        try:
            with np.errstate(all="ignore"):
                return list(evaluator.run(None, dict(feeds)))
        except Exception as error:
            raise CannotRun(f"onnx's reference evaluator fails on these inputs: {_first_line(error)}") from error

    return run


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
