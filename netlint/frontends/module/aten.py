"""The operators of ATen, of which exported programs are made, as calls of the table of PyTorch's API.

Most are functions of the table under their own name, with its arguments in its order. Here stand those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netlint.frontends.torch_api import (
    CREATORS,
    CREATORS_LIKE,
    FUNCTIONS,
    METHODS,
    RANDOM_CREATORS,
    TENSOR_INITIALIZERS,
    FunctionSpec,
    canonical,
)
from netlint.graph import Operator, Unknown
from netlint.graph.operators import Conv, Identity, Recurrent, Resample, Slice


@dataclass(frozen=True, slots=True)
class Lowered:
    """An ATen operator that the table does not have: how its arguments become an operator, and which of them are operands."""

    tensors: tuple[str, ...]
    build: Callable[[Mapping[str, Any]], Operator]


RENAMED: Mapping[str, str] = {
    "_softmax": "torch.softmax",
    "_log_softmax": "torch.log_softmax",
    "log_sigmoid": "torch.nn.functional.logsigmoid",
    "log_sigmoid_forward": "torch.nn.functional.logsigmoid",
    "elu": "torch.nn.functional.elu_",
    "native_layer_norm": "torch.layer_norm",
    "native_batch_norm": "torch.batch_norm",
    "_native_batch_norm_legit": "torch.batch_norm",
    "_native_batch_norm_legit_functional": "torch.batch_norm",
    "native_dropout": "torch.dropout",
    "linalg_vector_norm": "torch.linalg.vector_norm",
    "div_": "torch.div",
}
"""Those with another name than the function of the table that takes the same arguments."""

_TAKEN = {"_softmax": 2, "_log_softmax": 2, "softmax": 2, "log_softmax": 2, "elu": 2, "einsum": 2, "native_layer_norm": 5, "clone": 1}
"""How many arguments the table's function takes, where ATen's has more."""
_UNCHANGED = "_to_copy alias lift lift_fresh lift_fresh_copy _unsafe_view_copy copy clone contiguous to type_as detach_copy"
_BATCH_NORMS = ("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_functional")


def table_call(name: str, args: Sequence[Any]) -> tuple[FunctionSpec, Sequence[Any]] | None:
    """The entry of the table for an ATen operator without its overload (`conv2d`), and the positional arguments that it takes."""
    spec = _entry(name)
    if spec is None:
        return None
    if name in _BATCH_NORMS:
        args = (*args, True)  # cudnn_enabled
    return spec, args[: _TAKEN.get(name, len(args))]


def _entry(name: str) -> FunctionSpec | None:
    plain = name.rstrip("_") if not name.endswith("__") else name
    candidates = (
        RENAMED.get(name),
        f"torch.{name}",
        canonical(f"torch.nn.functional.{name}"),
        f"torch.{plain}",
        canonical(f"torch.{plain}"),
    )
    for candidate in candidates:
        if candidate is not None and canonical(candidate) in FUNCTIONS:
            return FUNCTIONS[canonical(candidate)]
    functional = canonical(f"torch.nn.functional.{plain}")
    return METHODS.get(name) or METHODS.get(plain) or FUNCTIONS.get(functional)


def creates(name: str) -> str | None:
    """What a tensor that is made from nothing holds (`zeros`, `random`); None for an operator that computes one."""
    if name in TENSOR_INITIALIZERS:
        return name if name in ("zero_", "fill_") else "random"
    for candidate in (f"torch.{name}", f"torch.{name.removeprefix('new_')}"):
        if candidate in RANDOM_CREATORS:
            return "random"
        if candidate in CREATORS or candidate in CREATORS_LIKE:
            return candidate.removeprefix("torch.")
    return None


# -- what is lowered further --------------------------------------------------------------------------------------------------


def _convolution(arguments: Mapping[str, Any]) -> Operator:
    """`convolution`, which stands for all of them."""
    transposed = bool(arguments["transposed"])
    unseen = Unknown("the shape of the weight that a functional call is given")
    return Conv(
        dims=len(arguments["stride"]),
        in_channels=unseen,
        out_channels=unseen,
        kernel_size=unseen,
        stride=tuple(arguments["stride"]),
        padding=tuple(arguments["padding"]),
        dilation=tuple(arguments["dilation"]),
        output_padding=tuple(arguments["output_padding"]) if transposed else (0,),
        groups=arguments["groups"],
        bias=arguments["bias"] is not None,
        transposed=transposed,
    )


def _resampled(mode: str) -> Callable[[Mapping[str, Any]], Operator]:
    def build(arguments: Mapping[str, Any]) -> Operator:
        size, factors = arguments.get("output_size"), arguments.get("scale_factors")
        return Resample(
            size=tuple(size) if size is not None else None, scale_factor=tuple(factors) if factors is not None else None, mode=mode
        )

    return build


def _sliced(arguments: Mapping[str, Any]) -> Operator:
    dim, start, end = arguments.get("dim", 0), arguments.get("start"), arguments.get("end")
    whole = slice(None)
    piece = slice(start or None, None if isinstance(end, int) and end >= _END else end, arguments.get("step", 1))
    piece = whole if piece == slice(None, None, 1) else piece
    if not isinstance(dim, int):
        return Slice(index=Unknown("argument `dim`"))
    return Slice(index=(*[whole] * dim, piece) if dim >= 0 else (Ellipsis, piece, *[whole] * (-dim - 1)))


_END = 2**62
"""ATen's end of a slice without one."""


def _indexed(arguments: Mapping[str, Any]) -> Operator:
    index = (slice(None) if part is None else Unknown("indexed by a tensor") for part in arguments["indices"])
    return Slice(index=tuple(index))


def _recurrent(kind: str, nonlinearity: str = "tanh") -> Callable[[Mapping[str, Any]], Operator]:
    unseen = Unknown("the shape of the weights of a recurrent layer")

    def build(arguments: Mapping[str, Any]) -> Operator:
        return Recurrent(
            kind=kind,
            input_size=unseen,
            hidden_size=unseen,
            num_layers=arguments["num_layers"],
            bias=arguments["has_biases"],
            batch_first=arguments["batch_first"],
            dropout=arguments["dropout"],
            bidirectional=arguments["bidirectional"],
            nonlinearity=nonlinearity,
        )

    return build


LOWERED: Mapping[str, Lowered] = {
    **{name: Lowered(("self",), lambda _: Identity()) for name in _UNCHANGED.split()},
    "convolution": Lowered(("input", "weight", "bias"), _convolution),
    "slice": Lowered(("self",), _sliced),
    "index": Lowered(("self", "indices"), _indexed),
    **{
        f"upsample_{name}{dims}d": Lowered(("input", "self"), _resampled(mode))
        for name, mode, sizes in (
            ("nearest", "nearest", (1, 2, 3)),
            ("linear", "linear", (1,)),
            ("bilinear", "bilinear", (2,)),
            ("bicubic", "bicubic", (2,)),
            ("trilinear", "trilinear", (3,)),
        )
        for dims in sizes
    },
    "lstm": Lowered(("input", "hx"), _recurrent("LSTM")),
    "gru": Lowered(("input", "hx"), _recurrent("GRU")),
    "rnn_tanh": Lowered(("input", "hx"), _recurrent("RNN")),
    "rnn_relu": Lowered(("input", "hx"), _recurrent("RNN", "relu")),
}
