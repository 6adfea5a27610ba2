"""Another value for an attribute of a node."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from netlint.fixes.onnx.editing import Bench
from netlint.fixes.onnx.region import region_of, span_of
from netlint.fixes.onnx.translation import known
from netlint.fixes.proposal import Refusal
from netlint.graph import Operator

_ATTRIBUTES: Mapping[tuple[str, str], str] = {
    ("BatchNormalization", "eps"): "epsilon",
    ("InstanceNormalization", "eps"): "epsilon",
    ("LayerNormalization", "eps"): "epsilon",
    ("GroupNormalization", "eps"): "epsilon",
    ("RMSNormalization", "eps"): "epsilon",
    ("LeakyRelu", "negative_slope"): "alpha",
    ("Elu", "alpha"): "alpha",
    ("Celu", "alpha"): "alpha",
    ("MaxPool", "ceil_mode"): "ceil_mode",
    ("AveragePool", "ceil_mode"): "ceil_mode",
    ("AveragePool", "count_include_pad"): "count_include_pad",
}
"""The attribute that holds an option, by kind of node and by the option's name in PyTorch."""
_SINCE: Mapping[str, int] = {"ceil_mode": 10, "count_include_pad": 7}
_TRAINING = ("p", "momentum", "inplace", "init", "track_running_stats", "training")


def set_option(model: onnx.ModelProto, operator: Operator, options: Mapping[str, object]) -> None:
    """Sets options of an operator that is one node; `model` is changed. Raises Refusal for what a model of this kind does not state."""
    span = span_of(operator)
    bench = Bench(model, span.home)
    region = region_of(bench, operator, span)
    if len(region.nodes) > 1:
        kinds = ", ".join(dict.fromkeys(node.op_type for node in region.nodes))
        raise Refusal(f"the {operator.name} is written out as several nodes ({kinds}), none of which has this option")
    [node] = region.nodes
    for option, value in options.items():
        _set(bench, node, option, value)


def _set(bench: Bench, node: onnx.NodeProto, option: str, value: object) -> None:
    if option in _TRAINING:
        raise Refusal(f"`{option}` matters in training, and the model is only run")
    name = _ATTRIBUTES.get((node.op_type, option))
    if name is None:
        raise Refusal(f"a node {node.op_type} has no attribute for `{option}`")
    if bench.opset < _SINCE.get(name, 1):
        raise Refusal(f"the model's operator set {bench.opset} has no `{name}`: it came with {_SINCE[name]}")
    kept = [onnx.AttributeProto.FromString(entry.SerializeToString()) for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend(kept)
    if value is not None:  # None: the default
        number = known(value, f"`{option}`")
        node.attribute.append(onnx.helper.make_attribute(name, int(number) if name in _SINCE else number))
