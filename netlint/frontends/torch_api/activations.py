"""Activation functions, softmax and gates, as layers, functions and tensor methods."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import first_given, in_place, template, told_mode, unknown
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    GumbelSoftmax,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)

_INPUT = ("input",)
_WEIGHT = unknown("the shape of the weight that a functional call is given")
_HARDTANH = template(Hardtanh, min_val=first_given("min_value", "min_val"), max_val=first_given("max_value", "max_val"))
_SLOPE = unknown("the slope is a tensor that a functional call is given")
_UNIFORM = "lower=0.125, upper=0.3333333333333333"

LAYERS: dict[str, LayerSpec] = {
    "torch.nn.ReLU": LayerSpec("inplace=False", template(ReLU)),
    "torch.nn.ReLU6": LayerSpec("inplace=False", template(ReLU6)),
    "torch.nn.LeakyReLU": LayerSpec("negative_slope=0.01, inplace=False", template(LeakyReLU)),
    "torch.nn.PReLU": LayerSpec("num_parameters=1, init=0.25, device=None, dtype=None", template(PReLU)),
    "torch.nn.RReLU": LayerSpec(f"{_UNIFORM}, inplace=False", template(RReLU)),
    "torch.nn.ELU": LayerSpec("alpha=1.0, inplace=False", template(ELU)),
    "torch.nn.SELU": LayerSpec("inplace=False", template(SELU)),
    "torch.nn.CELU": LayerSpec("alpha=1.0, inplace=False", template(CELU)),
    "torch.nn.GELU": LayerSpec("approximate='none'", template(GELU)),
    "torch.nn.SiLU": LayerSpec("inplace=False", template(SiLU)),
    "torch.nn.Mish": LayerSpec("inplace=False", template(Mish)),
    "torch.nn.Sigmoid": LayerSpec("", template(Sigmoid)),
    "torch.nn.Tanh": LayerSpec("", template(Tanh)),
    "torch.nn.Hardsigmoid": LayerSpec("inplace=False", template(Hardsigmoid)),
    "torch.nn.Hardswish": LayerSpec("inplace=False", template(Hardswish)),
    "torch.nn.Hardtanh": LayerSpec("min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None", _HARDTANH),
    "torch.nn.Softplus": LayerSpec("beta=1.0, threshold=20.0", template(Softplus)),
    "torch.nn.Softsign": LayerSpec("", template(Softsign)),
    "torch.nn.Tanhshrink": LayerSpec("", template(Tanhshrink)),
    "torch.nn.Softshrink": LayerSpec("lambd=0.5", template(Softshrink)),
    "torch.nn.Hardshrink": LayerSpec("lambd=0.5", template(Hardshrink)),
    "torch.nn.LogSigmoid": LayerSpec("", template(LogSigmoid)),
    "torch.nn.Threshold": LayerSpec("threshold, value, inplace=False", template(Threshold)),
    "torch.nn.GLU": LayerSpec("dim=-1", template(GLU)),
    "torch.nn.Softmax": LayerSpec("dim=None", template(Softmax)),
    "torch.nn.Softmax2d": LayerSpec("", template(Softmax, dim=-3)),
    "torch.nn.LogSoftmax": LayerSpec("dim=None", template(LogSoftmax)),
    "torch.nn.Softmin": LayerSpec("dim=None", template(Softmin)),
}


def _function(signature: str, kind: type[Operator], **fixed: object) -> FunctionSpec:
    return FunctionSpec(signature, _INPUT, template(kind, **fixed))


_FUNCTIONAL: dict[str, FunctionSpec] = {
    "relu": _function("input, inplace=False", ReLU),
    "relu_": _function("input", ReLU, inplace=True),
    "relu6": _function("input, inplace=False", ReLU6),
    "leaky_relu": _function("input, negative_slope=0.01, inplace=False", LeakyReLU),
    "leaky_relu_": _function("input, negative_slope=0.01", LeakyReLU, inplace=True),
    "prelu": FunctionSpec("input, weight", ("input", "weight"), template(PReLU, num_parameters=_WEIGHT, init=_SLOPE)),
    "rrelu": _function(f"input, {_UNIFORM}, training=None, inplace=False", RReLU, training=told_mode(False)),
    "rrelu_": _function(f"input, {_UNIFORM}, training=None, generator=None", RReLU, training=told_mode(False), inplace=True),
    "elu": _function("input, alpha=1.0, inplace=False", ELU),
    "elu_": _function("input, alpha=1.0, scale=1, input_scale=1", ELU, inplace=True),
    "selu": _function("input, inplace=False", SELU),
    "selu_": _function("input", SELU, inplace=True),
    "celu": _function("input, alpha=1.0, inplace=False", CELU),
    "celu_": _function("input, alpha=1.0", CELU, inplace=True),
    "gelu": _function("input, *, approximate='none'", GELU),
    "silu": _function("input, inplace=False", SiLU),
    "mish": _function("input, inplace=False", Mish),
    "hardsigmoid": _function("input, inplace=False", Hardsigmoid),
    "hardswish": _function("input, inplace=False", Hardswish),
    "hardtanh": _function("input, min_val=-1.0, max_val=1.0, inplace=False", Hardtanh),
    "hardtanh_": _function("input, min_val=-1.0, max_val=1.0", Hardtanh, inplace=True),
    "softplus": _function("input, beta=1, threshold=20", Softplus),
    "softsign": _function("input", Softsign),
    "tanhshrink": _function("input", Tanhshrink),
    "softshrink": _function("input, lambd=0.5", Softshrink),
    "hardshrink": _function("input, lambd=0.5", Hardshrink),
    "logsigmoid": _function("input", LogSigmoid),
    "threshold": _function("input, threshold, value, inplace=False", Threshold),
    "threshold_": _function("input, threshold, value", Threshold, inplace=True),
    "glu": _function("input, dim=-1", GLU),
    "softmax": _function("input, dim=None, _stacklevel=3, dtype=None", Softmax),
    "log_softmax": _function("input, dim=None, _stacklevel=3, dtype=None", LogSoftmax),
    "softmin": _function("input, dim=None, _stacklevel=3, dtype=None", Softmin),
    "gumbel_softmax": FunctionSpec("logits, tau=1, hard=False, eps=1e-10, dim=-1", ("logits",), template(GumbelSoftmax)),
}

FUNCTIONS: dict[str, FunctionSpec] = {
    **{f"torch.nn.functional.{name}": spec for name, spec in _FUNCTIONAL.items()},
    "torch.rrelu": _function(f"input, {_UNIFORM}, training=None, generator=None", RReLU, training=told_mode(False)),
    "torch.selu": _function("input", SELU),
    "torch.celu": _function("input, alpha=1.0", CELU),
    "torch.threshold": _function("input, threshold, value, *, out=None", Threshold),
}

SHARED: dict[str, FunctionSpec] = {
    "relu": _function("input", ReLU),
    "sigmoid": _function("input, *, out=None", Sigmoid),
    "tanh": _function("input, *, out=None", Tanh),
    "prelu": _FUNCTIONAL["prelu"],
    "hardshrink": _function("input, lambd=0.5, *, out=None", Hardshrink),
    "softmax": _function("input, dim, dtype=None, *, out=None", Softmax),
    "log_softmax": _function("input, dim, dtype=None, *, out=None", LogSoftmax),
}

FUNCTIONS |= {f"torch.{name}_": in_place(SHARED[name]) for name in ("relu", "sigmoid", "tanh")}
FUNCTIONS |= {f"torch.{name}_": in_place(FUNCTIONS[f"torch.{name}"]) for name in ("rrelu", "selu", "celu", "threshold")}
