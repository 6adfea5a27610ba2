"""ONNX models: damaged as bytes, and rearranged as graphs that are still well-formed protobuf."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import onnx
from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped,unused-ignore]

from fuzzing import mutation

TEXTS = (
    "g (float[N, 3, 32, 32] x) => (float[N, 10] y) <float[8, 3, 3, 3] w, float[8] s, float[8] b, float[8] m, float[8] v, float[10, 8] f>"
    " { c = Conv <pads = [1, 1, 1, 1]> (x, w)  n = BatchNormalization (c, s, b, m, v)  r = Relu (n)"
    " p = MaxPool <kernel_shape = [2, 2]> (r)  a = GlobalAveragePool (p)  l = Flatten (a)  y = Gemm <transB = 1> (l, f) }",
    "g (float[2, 6] x) => (float[2, 4] y) <float[6, 4] w, float[4] b> { h = MatMul(x, w)  a = Add(h, b)  e = Softmax <axis = -1> (a)"
    " d = Dropout(e)  z = Sigmoid(d)  q = Mul(d, z)  y = Clip(q) }",
    "g (float[5, 2, 8] x) => (float[5, 1, 2, 4] y) <float[1, 16, 8] w, float[1, 16, 4] r> { y, h, c = LSTM <hidden_size = 4> (x, w, r) }",
    "g (float[B, S, 8] x) => (float[B, S, 8] y) <float[8, 8] q, float[8] g1, float[8] b1> { a = MatMul(x, q)"
    " t = Transpose <perm = [0, 2, 1]> (a)  s = MatMul(a, t)  p = Softmax <axis = 2> (s)  o = MatMul(p, a)  r = Add(o, x)"
    " y = LayerNormalization <axis = -1> (r, g1, b1) }",
    "g (float[4, 8] x) => (float[4, 8] y) { s = Shape(x)  i = Constant <value_int = 0> ()  d = Gather(s, i)  u = Unsqueeze(d, i)"
    " k = Constant <value_ints = [-1]> ()  n = Concat <axis = 0> (u, k)  y = Reshape(x, n) }",
    "g (float[4, 8] x, bool[1] c) => (float[4, 8] y) { y = If (c) <then_branch = t () => (float[4, 8] a) { a = Relu(x) },"
    " else_branch = e () => (float[4, 8] b) { b = Tanh(x) }> }",
    "g (float[1, 4, 8, 8] x) => (float[1, 4, 4, 4] y) { m = ReduceMean <keepdims = 1> (x)  d = Sub(x, m)  q = Mul(d, d)  v = ReduceMean(q)"
    " r = Sqrt(v)  n = Div(d, r)  y = AveragePool <kernel_shape = [2, 2], strides = [2, 2]> (n) }",
)
HEADER = '<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>\n'


@cache
def seeds() -> tuple[onnx.ModelProto, ...]:
    return tuple(map(_with_weights, TEXTS))


def _with_weights(text: str) -> onnx.ModelProto:
    model = onnx.parser.parse_model(HEADER + text)
    for entry in model.graph.value_info:
        sizes = [size.dim_value for size in entry.type.tensor_type.shape.dim]
        count = 1
        for size in sizes:
            count *= size
        model.graph.initializer.append(onnx.helper.make_tensor(entry.name, onnx.TensorProto.FLOAT, sizes, [0.5] * count))
    del model.graph.value_info[:]
    return model


@cache
def operators() -> tuple[str, ...]:
    return tuple(sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain in ("", "com.microsoft")}))


def damaged(random: Random) -> bytes:
    """A model's bytes, some of them changed."""
    return mutation.bytes_changed(random, random.choice(seeds()).SerializeToString())


def rearranged(random: Random) -> bytes:
    """A model with other operators, edges, attributes, shapes and types, or with any field of it changed."""
    model = onnx.ModelProto()
    model.CopyFrom(random.choice(seeds()))
    for _ in range(random.choice((1, 2, 3, 6))):
        kind = random.random()
        if kind < 0.5 and model.graph.node:
            _change_node(random, model.graph)
        else:
            _change_field(random, model)
    data: bytes = model.SerializePartialToString()
    return data


def _change_node(random: Random, graph: onnx.GraphProto) -> None:
    node = random.choice(graph.node)
    names = [name for one in graph.node for name in (*one.input, *one.output)] or ["x"]
    names += [one.name for one in (*graph.initializer, *graph.input)]
    what = random.randrange(8)
    if what == 0:
        node.op_type = random.choice(operators())
    elif what == 1 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice((*names, "", "nothing"))
    elif what == 2 and node.output:
        node.output[random.randrange(len(node.output))] = random.choice((*names, ""))
    elif what == 3:
        node.input.append(random.choice(names))
    elif what == 4:
        del node.input[random.randrange(len(node.input) + 1) :]
    elif what == 5:
        copy = graph.node.add()
        copy.CopyFrom(node)
        copy.output[:] = [f"{name}_{random.randrange(3)}" for name in copy.output]
    elif what == 6:
        names_of = ("axis", "axes", "kernel_shape", "pads", "strides", "group", "perm", "to", "value", "epsilon", "hidden_size", "auto_pad")
        value: Any = random.choice((0, -1, 2**62, [0, 0], [2**40] * 3, [], 1.5, float("nan"), "SAME_UPPER", [-5, 9]))
        node.attribute.append(onnx.helper.make_attribute(random.choice(names_of), value, attr_type=7 if value == [] else None))
    else:
        node.domain = random.choice(("", "com.microsoft", "ai.onnx", "local", "ai.onnx.ml"))


def _change_field(random: Random, model: Any) -> None:
    """Walks down to some message of the model, and changes one field of it."""
    message = model
    while True:
        inner = [
            random.choice(value) if _is_repeated(field) else value
            for field, value in message.ListFields()
            if field.type == FieldDescriptor.TYPE_MESSAGE
        ]
        if not inner or random.random() < 0.15:
            break
        message = random.choice(inner)
    fields = [field for field in message.DESCRIPTOR.fields if field.type != FieldDescriptor.TYPE_MESSAGE]
    if not fields:
        return
    field = random.choice(fields)
    if random.random() < 0.25:
        message.ClearField(field.name)
        return
    value = _value(random, field)
    if _is_repeated(field):
        values = getattr(message, field.name)
        values.extend([value] * random.choice((1, 2, 40))) if not values or random.random() < 0.5 else values.__setitem__(0, value)
    else:
        setattr(message, field.name, value)


def _is_repeated(field: Any) -> bool:
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == FieldDescriptor.LABEL_REPEATED)


def _value(random: Random, field: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_ENUM:
        return random.choice([value.number for value in field.enum_type.values])
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return random.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return random.choice((b"", b"\0", random.randbytes(40)))
    if field.type == FieldDescriptor.TYPE_STRING:
        return random.choice(("", "x", "y", "nothing", "../../etc/passwd", "é\0", "a" * 500))
    small = field.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32)
    unsigned = field.cpp_type in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
    return random.choice((0, 1, 2, 16, 2**31 - 1 if small else 2**62, 7 if unsigned else -1))
