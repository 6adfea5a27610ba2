"""Operators of the graph as nodes of a file: the node of that name where its operator set has one, else the formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from netlint.fixes.onnx.editing import Bench
from netlint.fixes.proposal import Refusal
from netlint.graph import Operator, Unknown
from netlint.graph.operators import (
    CELU,
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)


@dataclass(slots=True)
class Writer:
    """Writes nodes that lead from one value to another; constants get the element type of the value that they meet."""

    bench: Bench
    operator: Operator
    source: str
    result: str
    nodes: list[onnx.NodeProto] = field(default_factory=list)

    def __call__(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """One node; gives the name of its result."""
        result = to or self.bench.fresh(f"{self.result}.{kind}")
        name = self.bench.fresh(f"{self.result}/{kind}")
        self.nodes.append(helper.make_node(kind, inputs, [result], name=name, **attributes))
        return result

    def end(self, kind: str, *inputs: str, **attributes: Any) -> None:
        """The node that gives the result."""
        self(kind, *inputs, to=self.result, **attributes)

    def number(self, value: float, shape: tuple[int, ...] = ()) -> str:
        """A constant, as a weight of the file. Raises Refusal if it is not known which type of numbers it meets."""
        stated = self.bench.stated(self.source) or self.bench.stated(self.result)
        element = stated.type.tensor_type.elem_type if stated is not None else 0
        if element not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE):
            raise Refusal(f"the {self.operator.name} needs a constant, and the file does not say which numbers `{self.source}` holds")
        name = self.bench.fresh(f"{self.result}.constant")
        array = np.full(shape, value, helper.tensor_dtype_to_np_dtype(element))
        self.bench.graph.initializer.append(numpy_helper.from_array(array, name))
        return name


Write = Callable[[Writer], None]


def written(bench: Bench, operators: Iterable[Operator], source: str, result: str) -> list[onnx.NodeProto]:
    """The nodes that apply operators (templates) one after the other, from a value to another. Raises Refusal if there are none."""
    steps = list(operators)
    nodes: list[onnx.NodeProto] = []
    for place, operator in enumerate(steps):
        last = place == len(steps) - 1
        end = result if last else bench.fresh(f"{result}.{operator.name}")
        writer = Writer(bench, operator, source, end)
        write = _WRITERS.get(type(operator))
        if write is None:
            raise Refusal(f"netlint does not write a {operator.name} into an ONNX model")
        write(writer)
        if not last:
            bench.state(end, like=source)
        nodes += writer.nodes
        source = end
    return nodes


def known(value: object, what: str) -> float:
    """A number that an operator has as an argument. Raises Refusal where it is unknown."""
    if isinstance(value, Unknown) or not isinstance(value, (int, float)):
        raise Refusal(f"{what} is not known")
    return float(value)


def _plain(kind: str, since: int = 1, otherwise: Write | None = None, **fields: str) -> Write:
    """The node of a kind; its attributes by the fields that they have here."""

    def write(writer: Writer) -> None:
        if writer.bench.opset < since:
            if otherwise is None:
                raise Refusal(f"the model's operator set {writer.bench.opset} has no {kind}: it came with {since}")
            otherwise(writer)
            return
        values = {name: known(getattr(writer.operator, attribute), f"the {attribute} of the {kind}") for name, attribute in fields.items()}
        writer.end(kind, writer.source, **values)

    return write


def _clip(writer: Writer, low: float, high: float) -> None:
    if writer.bench.opset < 11:
        writer.end("Clip", writer.source, min=low, max=high)
    else:
        writer.end("Clip", writer.source, writer.number(low), writer.number(high))


def _hardtanh(writer: Writer) -> None:
    operator = writer.operator
    assert isinstance(operator, Hardtanh)
    _clip(writer, known(operator.min_val, "the lower bound"), known(operator.max_val, "the upper bound"))


def _prelu(writer: Writer) -> None:
    """One slope for all: it is as wide as one number, whatever the rank of the input."""
    operator = writer.operator
    assert isinstance(operator, PReLU)
    if operator.num_parameters != 1:
        raise Refusal("netlint writes a PReLU with one slope only")
    writer.end("PRelu", writer.source, writer.number(known(operator.init, "the slope"), (1,)))


def _softmax(kind: str) -> Write:
    def write(writer: Writer) -> None:
        dim = getattr(writer.operator, "dim", None)
        if writer.bench.opset < 13:
            raise Refusal(f"before operator set 13 a {kind} takes all dimensions from its axis on for one")
        writer.end(kind, writer.source, axis=int(known(dim, "its dimension")))

    return write


def _gelu(writer: Writer) -> None:
    approximate = getattr(writer.operator, "approximate", "none")
    if approximate not in ("none", "tanh"):
        raise Refusal("which GELU it is is not known")
    if writer.bench.opset >= 20:
        writer.end("Gelu", writer.source, approximate=approximate)
        return
    half = writer("Mul", writer.source, writer.number(0.5))
    if approximate == "none":
        inner = writer("Erf", writer("Div", writer.source, writer.number(math.sqrt(2))))
    else:
        cube = writer("Mul", writer("Mul", writer.source, writer.source), writer.source)
        bent = writer("Add", writer.source, writer("Mul", cube, writer.number(0.044715)))
        inner = writer("Tanh", writer("Mul", bent, writer.number(math.sqrt(2 / math.pi))))
    writer.end("Mul", half, writer("Add", inner, writer.number(1.0)))


def _silu(writer: Writer) -> None:
    writer.end("Mul", writer.source, writer("Sigmoid", writer.source))


def _mish(writer: Writer) -> None:
    writer.end("Mul", writer.source, writer("Tanh", writer("Softplus", writer.source)))


def _hardsigmoid(writer: Writer) -> None:
    writer.end("HardSigmoid", writer.source, alpha=1 / 6, beta=0.5)


def _hardswish(writer: Writer) -> None:
    writer.end("Mul", writer.source, writer("HardSigmoid", writer.source, alpha=1 / 6, beta=0.5))


def _softplus(writer: Writer) -> None:
    if getattr(writer.operator, "beta", 1.0) != 1:
        raise Refusal("ONNX has no Softplus with a beta")
    writer.end("Softplus", writer.source)


_WRITERS: Mapping[type[Operator], Write] = {
    Identity: _plain("Identity"),
    ReLU: _plain("Relu"),
    ReLU6: lambda writer: _clip(writer, 0.0, 6.0),
    LeakyReLU: _plain("LeakyRelu", alpha="negative_slope"),
    PReLU: _prelu,
    ELU: _plain("Elu", alpha="alpha"),
    CELU: _plain("Celu", 12, alpha="alpha"),
    SELU: _plain("Selu"),
    GELU: _gelu,
    SiLU: _silu,
    Mish: _plain("Mish", 18, _mish),
    Sigmoid: _plain("Sigmoid"),
    Tanh: _plain("Tanh"),
    Hardsigmoid: _hardsigmoid,
    Hardswish: _plain("HardSwish", 14, _hardswish),
    Hardtanh: _hardtanh,
    Softplus: _softplus,
    Softsign: _plain("Softsign"),
    Softmax: _softmax("Softmax"),
    LogSoftmax: _softmax("LogSoftmax"),
}
