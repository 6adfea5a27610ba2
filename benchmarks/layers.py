"""How far are the reference layers from PyTorch's? Prints Markdown: the largest error in ulp of each layer, forward and backward.

`python benchmarks/layers.py` runs the cases below in float32 and float64, on NumPy arrays and on torch tensors, on ordinary and on
adversarial data (ties, NaN, infinities, -0.0, numbers that saturate), and compares with torch.nn and autograd in the same precision.
It exits with 1 if a case is further away than its limit. The tests run the same cases.
"""

from __future__ import annotations

import importlib
import math
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from report import provenance, table

from netlint.graph import operators as ops
from netlint.graph.operator import Operator
from netlint.graph.unknown import Unknown
from netlint.layers import Array, Context, Gradients, ReferenceLayer, Step, reference
from netlint.layers.layer import quiet
from netlint.layers.penalties import L1Penalty, L2Penalty, NormPenalty

Floats = NDArray[np.float64]
Drawn = NDArray[Any]
Options = dict[str, Any]
PRECISIONS = ("float32", "float64")
SINGLE = 2.0**28
"""What an error of half an ulp in single precision is in ulp of double precision."""
KINDS = ("ordinary", "ties", "special", "huge")
"""normal numbers; integers from -2 to 2; normal numbers with NaN, infinities and -0.0 among them; normal numbers times 1000."""


@cache
def torch_itself() -> Any:
    """torch, which is not needed to read the cases. One thread: the arrays are small."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    return torch


# -- cases ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One layer with one set of options, and what PyTorch has in its place.

    `subject` is an operator (whose reference layer is meant) or a layer. `torch` takes torch.nn and gives a module or a function.
    `inputs` are shapes, drawn at random, or fixed arrays. `parameters` are shapes of tensors besides the operator's own.
    `limit` is the largest error allowed, in ulp of the number itself (`scale` is "element"), of the largest number of the tensor
    ("tensor": where sums cancel), or of the largest term ("terms": where 1 + f(x) cancels); `why` says why it is above 4.
    `slope_scale` is the scale of the backward pass where it is another. `nan_slope` is False where torch's gradient at NaN is not one
    value: its vector code and its scalar code, which does the end of an array, differ. It is not compared there.
    `single` says what torch's backward pass rounds to single precision in float64 too, where the error may then be as large as that.
    `draw` asks torch for the random numbers that its layer will use, which are then given to `forced` instead of drawing them.
    """

    subject: Operator | ReferenceLayer
    torch: Callable[..., Any]
    inputs: tuple[tuple[int, ...] | Drawn, ...]
    options: str = ""
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    training: bool = False
    scale: str = "tensor"
    limit: float = 4.0
    why: str = ""
    kinds: tuple[str, ...] = KINDS
    draw: Callable[[Any, Any], Any] | None = None
    slope_scale: str = ""
    nan_slope: bool = True
    single: str = ""

    @property
    def name(self) -> str:
        return self.subject.name if isinstance(self.subject, Operator) else type(self.subject).__name__

    @property
    def layer(self) -> ReferenceLayer:
        layer = reference(self.subject) if isinstance(self.subject, Operator) else self.subject
        assert not isinstance(layer, Unknown), layer.reason
        return layer

    def bound(self, precision: str, part: str) -> float:
        """The largest error allowed, forward or backward in a precision."""
        return SINGLE if self.single and (precision, part) == ("float64", "backward") else self.limit

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The parameters and buffers of the layer."""
        own = self.subject.parameter_shapes() if isinstance(self.subject, Operator) else {}
        known = {name: tuple(size for size in shape if isinstance(size, int)) for name, shape in own.items()}
        return known | self.parameters


def activation(subject: Operator, torch: Callable[..., Any], options: str = "", **measured: Any) -> Iterator[Case]:
    """An element-wise function: on drawn numbers, and on a grid from the smallest to the largest with all edges."""
    settings = {"scale": "element", **measured}
    yield Case(subject, torch, ((2, 3, 5),), options, **settings)
    yield Case(subject, torch, (EDGES,), options, kinds=("ordinary",), **settings)


def _edges() -> Floats:
    sizes = np.concatenate([np.geomspace(1e-42, 1e-3, 40), np.linspace(0.01, 12, 1200), np.geomspace(12, 3e38, 60)])
    corners = np.array([0.0, 0.5, 1.0, 3.0, 6.0, 20.0, np.inf, np.nan])
    nearby = np.concatenate([np.nextafter(corners.astype(np.float32), side) for side in (np.float32(-np.inf), np.float32(np.inf))])
    return np.concatenate([sign * part for part in (sizes, corners, nearby.astype(np.float64)) for sign in (1.0, -1.0)])


EDGES = _edges()


def activations() -> Iterator[Case]:
    exact: Options = {"limit": 0, "nan_slope": False}
    inverted: Options = {"nan_slope": False, "slope_scale": "terms", "single": "alpha in 1 / alpha"}
    steep: Options = {"scale": "terms", "limit": 32, "why": "1 - tanh^2 cancels, and is multiplied by a polynomial of x"}
    yield from activation(ops.Sigmoid(), lambda nn: nn.Sigmoid(), slope_scale="terms")
    yield from activation(ops.Tanh(), lambda nn: nn.Tanh(), slope_scale="terms")
    yield from activation(ops.ReLU(), lambda nn: nn.ReLU(), limit=0)
    yield from activation(ops.ReLU6(), lambda nn: nn.ReLU6(), limit=0, nan_slope=False)
    for low, high in ((-1.0, 1.0), (0.5, 2.0)):
        yield from activation(ops.Hardtanh(min_val=low, max_val=high), lambda nn, a=low, b=high: nn.Hardtanh(a, b), f"{low}", **exact)
    for slope in (0.01, 0.1, 0.0, -0.5):
        yield from activation(ops.LeakyReLU(negative_slope=slope), lambda nn, a=slope: nn.LeakyReLU(a), f"{slope}", limit=1)
    yield from activation(ops.RReLU(lower=0.1, upper=0.3), lambda nn: nn.RReLU(0.1, 0.3), "test", limit=1)
    for alpha in (1.0, 0.3):
        yield from activation(ops.ELU(alpha=alpha), lambda nn, a=alpha: nn.ELU(a), f"{alpha}", nan_slope=False)
        yield from activation(ops.CELU(alpha=alpha), lambda nn, a=alpha: nn.CELU(a), f"{alpha}", **inverted)
    yield from activation(ops.SELU(), lambda nn: nn.SELU(), nan_slope=False)
    for how in ("none", "tanh"):
        yield from activation(ops.GELU(approximate=how), lambda nn, a=how: nn.GELU(approximate=a), how, **steep)
    yield from activation(ops.SiLU(), lambda nn: nn.SiLU(), scale="terms")
    yield from activation(ops.Mish(), lambda nn: nn.Mish(), **steep)
    yield from activation(ops.Hardsigmoid(), lambda nn: nn.Hardsigmoid(), single="1 / 6")
    yield from activation(ops.Hardswish(), lambda nn: nn.Hardswish(), scale="terms", nan_slope=False)
    for beta, threshold in ((1.0, 20.0), (2.0, 5.0)):
        yield from activation(
            ops.Softplus(beta=beta, threshold=threshold), lambda nn, b=beta, t=threshold: nn.Softplus(b, t), f"{beta}, {threshold}"
        )
    yield from activation(ops.Softsign(), lambda nn: nn.Softsign(), scale="terms")
    yield from activation(ops.Tanhshrink(), lambda nn: nn.Tanhshrink(), scale="terms")
    yield from activation(ops.Softshrink(lambd=0.5), lambda nn: nn.Softshrink(0.5), **exact)
    yield from activation(ops.Hardshrink(lambd=0.5), lambda nn: nn.Hardshrink(0.5), **exact)
    yield from activation(ops.LogSigmoid(), lambda nn: nn.LogSigmoid())
    yield from activation(ops.Threshold(threshold=0.5, value=-2.0), lambda nn: nn.Threshold(0.5, -2.0), limit=0)
    for count in (1, 3):
        for shape in ((2, 3, 4, 5), (2, 3)):
            yield Case(ops.PReLU(num_parameters=count), lambda nn, n=count: nn.PReLU(n), (shape,), f"{count} of {shape}")
    for dim in (-1, 1):
        yield Case(ops.GLU(dim=dim), lambda nn, d=dim: nn.GLU(d), ((3, 4, 6),), f"{dim}")
        yield Case(ops.Softmax(dim=dim), lambda nn, d=dim: nn.Softmax(d), ((3, 4, 6),), f"{dim}", slope_scale="terms")
        yield Case(ops.Softmin(dim=dim), lambda nn, d=dim: nn.Softmin(d), ((3, 4, 6),), f"{dim}", slope_scale="terms")
        yield Case(ops.LogSoftmax(dim=dim), lambda nn, d=dim: nn.LogSoftmax(d), ((3, 4, 6),), f"{dim}", slope_scale="terms")


def dropouts() -> Iterator[Case]:
    for p in (0.5, 0.2, 0.0, 1.0):
        yield Case(ops.Dropout(p=p), lambda nn, p=p: nn.Dropout(p), ((4, 5),), f"{p}", training=True, scale="element", draw=_ones)
    yield Case(ops.Dropout(), lambda nn: nn.Dropout(), ((4, 5),), "test", limit=0)
    for dims, shape in ((1, (3, 4, 5)), (2, (3, 4, 5, 2)), (3, (3, 4, 2, 2, 2)), (1, (4, 5)), (3, (4, 2, 2, 2))):
        subject = ops.ChannelDropout(dims=dims)
        yield Case(subject, lambda nn, n=f"Dropout{dims}d": getattr(nn, n)(), (shape,), f"{shape}", training=True, draw=_ones)
    yield Case(ops.AlphaDropout(p=0.3), lambda nn: nn.AlphaDropout(0.3), ((4, 5),), "0.3", training=True, draw=_kept_by_alpha)
    featured = ops.AlphaDropout(p=0.3, channels=True)
    yield Case(featured, lambda nn: nn.FeatureAlphaDropout(0.3), ((3, 4, 5),), "0.3", training=True, draw=_kept_by_alpha)
    yield Case(
        ops.RReLU(lower=0.1, upper=0.3), lambda nn: nn.RReLU(0.1, 0.3), ((4, 5),), "training", training=True, scale="element", draw=_slopes
    )


def _ones(layer: Any, x: Any) -> Any:
    """The elements that a dropout keeps."""
    return layer(x.new_ones(x.shape)) != 0


def _kept_by_alpha(layer: Any, x: Any) -> Any:
    """AlphaDropout gives dropped elements one value, whatever they were."""
    torch = torch_itself()
    state = torch.get_rng_state()
    first = layer(x.new_ones(x.shape))
    torch.set_rng_state(state)
    return first != layer(x.new_ones(x.shape) * 2)


def _slopes(layer: Any, x: Any) -> Any:
    torch = torch_itself()
    noise = torch.zeros_like(x)
    torch.ops.aten.rrelu_with_noise(x, noise, layer.lower, layer.upper, True)
    return noise


STATISTICS = "means of squares, whose sums run in another order and precision"


def normalizations() -> Iterator[Case]:
    shape: tuple[int, ...]
    for dims, shape in ((1, (6, 3)), (1, (4, 3, 5)), (2, (4, 3, 4, 5)), (3, (2, 3, 2, 3, 2))):
        buffers: dict[str, tuple[int, ...]] = {"running_mean": (3,), "running_var": (3,), "num_batches_tracked": ()}
        for training, momentum in ((True, 0.1), (False, 0.1), (True, None)):
            yield Case(
                ops.BatchNorm(num_features=3, dims=dims, momentum=momentum),
                lambda nn, d=dims, m=momentum: getattr(nn, f"BatchNorm{d}d")(3, momentum=m),
                (shape,),
                f"{shape}, {'training' if training else 'test'}, momentum {momentum}",
                buffers,
                training,
                limit=8,
                why=STATISTICS,
            )
    for training, track in product((True, False), (True, False)):
        kept = {"running_mean": (3,), "running_var": (3,), "num_batches_tracked": ()} if track else {}
        yield Case(
            ops.BatchNorm(num_features=3, dims=2, affine=False, track_running_stats=track, eps=0.1),
            lambda nn, t=track: nn.BatchNorm2d(3, affine=False, track_running_stats=t, eps=0.1),
            ((4, 3, 2, 2),),
            f"not affine, {'training' if training else 'test'}, statistics {track}",
            dict(kept),
            training,
            limit=8,
            why=STATISTICS,
        )
        yield Case(
            ops.InstanceNorm(num_features=3, dims=2, affine=True, track_running_stats=track),
            lambda nn, t=track: nn.InstanceNorm2d(3, affine=True, track_running_stats=t),
            ((4, 3, 3, 2),),
            f"{'training' if training else 'test'}, statistics {track}",
            dict(kept),
            training,
            limit=8,
            why=STATISTICS,
        )
    yield Case(ops.InstanceNorm(num_features=3, dims=1), lambda nn: nn.InstanceNorm1d(3), ((3, 7),), "one sample", limit=8, why=STATISTICS)
    for shape, eps in (((6,), 1e-5), ((3, 6), 1e-5), ((6,), 1e-2)):
        yield Case(
            ops.LayerNorm(normalized_shape=shape, eps=eps),
            lambda nn, s=shape, e=eps: nn.LayerNorm(s, eps=e),
            ((4, 3, 6),),
            f"{shape}, {eps}",
            limit=8,
            why=STATISTICS,
        )
        yield Case(
            ops.RMSNorm(normalized_shape=shape, eps=None),
            lambda nn, s=shape: nn.RMSNorm(s),
            ((4, 3, 6),),
            f"{shape}",
            limit=8,
            why=STATISTICS,
        )
    yield Case(
        ops.LayerNorm(normalized_shape=(6,), bias=False),
        lambda nn: nn.LayerNorm(6, bias=False),
        ((4, 6),),
        "no bias",
        limit=8,
        why=STATISTICS,
    )
    for groups, shape in ((1, (3, 6, 5)), (2, (3, 6, 2, 3)), (6, (3, 6, 5)), (2, (4, 6))):
        yield Case(
            ops.GroupNorm(num_groups=groups, num_channels=6),
            lambda nn, g=groups: nn.GroupNorm(g, 6),
            (shape,),
            f"{groups} of {shape}",
            limit=8,
            why=STATISTICS,
        )
    for size in (2, 5):
        yield Case(ops.LocalResponseNorm(size=size, alpha=0.5), lambda nn, s=size: nn.LocalResponseNorm(s, 0.5), ((2, 6, 3, 2),), f"{size}")
    for p in (2.0, 3.0):
        yield Case(
            ops.Normalize(p=p),
            lambda nn, p=p: lambda x: nn.functional.normalize(x, p),
            ((3, 4, 2),),
            f"{p}",
            limit=16,
            why="cube roots of sums of cubes",
        )


CUBES = "cube roots of sums of cubes"
LONG_SUM = "sums of many products, whose order differs"


def weights() -> Iterator[Case]:
    shape: tuple[int, ...]
    for bias, shape in ((True, (4, 7)), (False, (2, 3, 7)), (True, (7,)), (True, (0, 7))):
        yield Case(
            ops.Linear(in_features=7, out_features=5, bias=bias), lambda nn, b=bias: nn.Linear(7, 5, b), (shape,), f"{shape}, bias {bias}"
        )
    yield Case(ops.Bilinear(in1_features=3, in2_features=4, out_features=5), lambda nn: nn.Bilinear(3, 4, 5), ((6, 3), (6, 4)))
    for padding in (None, 2):
        indices = np.array([[0, 2, 2], [5, 2, 0]])
        yield Case(
            ops.Embedding(num_embeddings=6, embedding_dim=4, padding_idx=padding),
            lambda nn, p=padding: nn.Embedding(6, 4, padding_idx=p),
            (indices,),
            f"padding {padding}",
            scale="element",
        )
    table: list[tuple[int, Options, tuple[int, ...]]] = [
        (1, {"kernel_size": (3,)}, (2, 4, 9)),
        (1, {"kernel_size": (3,), "padding": (1,), "padding_mode": "reflect"}, (2, 4, 9)),
        (1, {"kernel_size": (4,), "padding": "same"}, (2, 4, 9)),
        (2, {"kernel_size": (3, 3), "padding": (1, 1)}, (2, 4, 6, 7)),
        (2, {"kernel_size": (3, 2), "stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)}, (2, 4, 8, 9)),
        (2, {"kernel_size": (3, 3), "groups": 2, "bias": False}, (2, 4, 6, 7)),
        (2, {"kernel_size": (1, 1), "stride": (2, 2)}, (2, 4, 5, 5)),
        (2, {"kernel_size": (3, 3), "padding": (2, 1), "padding_mode": "circular"}, (2, 4, 5, 5)),
        (2, {"kernel_size": (2, 2), "padding": (2, 1), "padding_mode": "replicate"}, (2, 4, 5, 5)),
        (2, {"kernel_size": (2, 3), "padding": "same", "dilation": (1, 2)}, (2, 4, 5, 5)),
        (2, {"kernel_size": (3, 3)}, (4, 6, 7)),
        (2, {"kernel_size": (3, 3)}, (0, 4, 6, 7)),
        (3, {"kernel_size": (2, 2, 2), "stride": (1, 2, 1), "padding": (1, 0, 1)}, (2, 4, 3, 4, 3)),
    ]
    for dims, options, shape in table:
        yield Case(
            ops.Conv(dims=dims, in_channels=4, out_channels=6, **options),
            lambda nn, d=dims, o=options: getattr(nn, f"Conv{d}d")(4, 6, **o),
            (shape,),
            f"{shape}, {', '.join(f'{k} {v}' for k, v in options.items())}",
            limit=8,
            why=LONG_SUM,
            kinds=("ordinary", "ties", "huge"),
        )
    transposed: list[tuple[int, Options, tuple[int, ...]]] = [
        (1, {"kernel_size": (3,), "stride": (2,)}, (2, 4, 5)),
        (2, {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1), "output_padding": (1, 0)}, (2, 4, 4, 5)),
        (2, {"kernel_size": (2, 3), "groups": 2, "dilation": (2, 1), "bias": False}, (2, 4, 4, 5)),
        (3, {"kernel_size": (2, 2, 2), "stride": (2, 1, 2)}, (2, 4, 2, 3, 2)),
    ]
    for dims, options, shape in transposed:
        yield Case(
            ops.Conv(dims=dims, in_channels=4, out_channels=6, transposed=True, **options),
            lambda nn, d=dims, o=options: getattr(nn, f"ConvTranspose{d}d")(4, 6, **o),
            (shape,),
            f"{shape}, {', '.join(f'{k} {v}' for k, v in options.items())}",
            limit=8,
            why=LONG_SUM,
            kinds=("ordinary", "ties", "huge"),
        )


def pools() -> Iterator[Case]:
    table: list[tuple[int, Options, tuple[int, ...]]] = [
        (1, {"kernel_size": (2,), "stride": (2,)}, (2, 3, 8)),
        (1, {"kernel_size": (3,), "stride": (2,), "padding": (1,), "ceil_mode": True}, (2, 3, 8)),
        (2, {"kernel_size": (2, 2), "stride": (2, 2)}, (2, 3, 7, 8)),
        (2, {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}, (2, 3, 7, 8)),
        (2, {"kernel_size": (3, 2), "stride": (1, 2), "ceil_mode": True}, (2, 3, 7, 7)),
        (2, {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1), "ceil_mode": True}, (2, 3, 8, 8)),
        (2, {"kernel_size": (2, 2), "stride": (3, 3), "padding": (1, 1), "ceil_mode": True}, (3, 6, 6)),
        (2, {"kernel_size": (2, 2), "stride": (2, 2)}, (0, 3, 6, 6)),
        (3, {"kernel_size": (2, 2, 2), "stride": (1, 2, 2), "padding": (1, 0, 1), "ceil_mode": True}, (2, 3, 3, 5, 4)),
    ]
    for dims, options, shape in table:
        text = f"{shape}, {', '.join(f'{k} {v}' for k, v in options.items())}"
        for indices in (False, True):
            yield Case(
                ops.MaxPool(dims=dims, **options, return_indices=indices),
                lambda nn, d=dims, o=options, i=indices: getattr(nn, f"MaxPool{d}d")(**o, return_indices=i),
                (shape,),
                f"{text}, indices {indices}",
                limit=1,
            )
        for counted in (False, True):
            yield Case(
                ops.AvgPool(dims=dims, **options, count_include_pad=counted),
                lambda nn, d=dims, o=options, c=counted: getattr(nn, f"AvgPool{d}d")(**o, count_include_pad=c),
                (shape,),
                f"{text}, padding counts {counted}",
            )
    for divisor in (1, 5):
        yield Case(
            ops.AvgPool(dims=2, kernel_size=(2, 3), stride=(2, 2), padding=(1, 1), divisor_override=divisor),
            lambda nn, n=divisor: nn.AvgPool2d((2, 3), 2, 1, divisor_override=n),
            ((2, 3, 5, 6),),
            f"divisor {divisor}",
        )
    for dilation, padding in (((2, 2), (0, 0)), ((2, 1), (1, 1)), ((3, 2), (1, 1))):
        yield Case(
            ops.MaxPool(dims=2, kernel_size=(3, 2), stride=(2, 1), dilation=dilation, padding=padding),
            lambda nn, d=dilation, p=padding: nn.MaxPool2d((3, 2), (2, 1), p, d),
            ((2, 3, 9, 8),),
            f"dilation {dilation}, padding {padding}",
            limit=2,
        )
    for dims, target, shape in (
        (1, (4,), (2, 3, 7)),
        (2, (1, 1), (2, 3, 5, 6)),
        (2, (3, 4), (2, 3, 7, 6)),
        (2, (None, 2), (2, 3, 4, 5)),
        (2, (5, 5), (2, 3, 3, 4)),
        (3, (2, 1, 2), (2, 3, 3, 4, 5)),
    ):
        yield Case(
            ops.AdaptiveAvgPool(dims=dims, output_size=target),
            lambda nn, d=dims, t=target: getattr(nn, f"AdaptiveAvgPool{d}d")(t),
            (shape,),
            f"{target} of {shape}",
        )
        yield Case(
            ops.AdaptiveMaxPool(dims=dims, output_size=target, return_indices=True),
            lambda nn, d=dims, t=target: getattr(nn, f"AdaptiveMaxPool{d}d")(t, return_indices=True),
            (shape,),
            f"{target} of {shape}",
            limit=1,
        )


def losses() -> Iterator[Case]:
    for reduction in ("mean", "sum", "none"):
        yield from _losses(reduction)


def _losses(reduction: str) -> Iterator[Case]:
    targets: list[tuple[Drawn, tuple[int, ...], str]]
    classes, mapped = np.array([2, 0, 4, 4, -100, 1]), np.array([[[0, 1], [2, 2]], [[1, -100], [0, 0]]])
    rng = np.random.default_rng(3)
    shares, mixed = rng.dirichlet(np.ones(5), 6), rng.uniform(0, 1, (4, 5))
    certain = np.concatenate([rng.uniform(0.01, 0.99, 16), [0.0, 1.0, 0.0, 1.0]]).reshape(4, 5)
    hard = np.concatenate([rng.integers(0, 2, 16), [0.0, 1.0, 1.0, 0.0]]).reshape(4, 5)
    targets = [(classes, (6, 5), "indices"), (mapped, (2, 3, 2, 2), "a map of indices"), (shares, (6, 5), "shares")]
    r = reduction
    for smoothing in (0.0, 0.1):
        subject = ops.CrossEntropy(reduction=r, label_smoothing=smoothing)
        text = f"{r}, smoothing {smoothing}"
        for weighted in (False, True):
            for target, shape, how in targets:
                yield Case(
                    subject,
                    lambda nn, s=smoothing, w=weighted, n=shape[1]: nn.CrossEntropyLoss(
                        _torch_ones(n) if w else None, reduction=r, label_smoothing=s
                    ),
                    (shape, target),
                    f"{text}, {how}, weighted {weighted}",
                    {"weight": (shape[1],)} if weighted else {},
                    kinds=("ordinary", "ties", "huge"),
                )
    for weighted in (False, True):
        yield Case(
            ops.NLL(reduction=r),
            lambda nn, w=weighted: nn.NLLLoss(_torch_ones(5) if w else None, reduction=r),
            ((6, 5), classes),
            f"{r}, weighted {weighted}",
            {"weight": (5,)} if weighted else {},
            kinds=("ordinary", "ties", "huge"),
            limit=16,
            why="losses of both signs cancel",
        )
    for ignored in (4, 9):
        kept = np.where(classes == -100, ignored, classes)
        yield Case(
            ops.CrossEntropy(reduction=r, ignore_index=ignored),
            lambda nn, i=ignored: nn.CrossEntropyLoss(reduction=r, ignore_index=i),
            ((6, 5), kept),
            f"{r}, {ignored} is left out",
            kinds=("ordinary", "ties", "huge"),
        )
        yield Case(
            ops.NLL(reduction=r, ignore_index=ignored),
            lambda nn, i=ignored: nn.NLLLoss(reduction=r, ignore_index=i),
            ((6, 5), kept),
            f"{r}, {ignored} is left out",
            kinds=("ordinary", "ties", "huge"),
            limit=16,
            why="losses of both signs cancel",
        )
    yield Case(ops.MSE(reduction=r), lambda nn: nn.MSELoss(reduction=r), ((4, 5), mixed), r)
    yield Case(
        ops.BCE(reduction=r),
        lambda nn: nn.BCELoss(reduction=r),
        (certain, hard),
        r,
        kinds=("ordinary",),
        single="the bound 1e-12 of x (1 - x)",
    )
    yield Case(ops.KLDivergence(reduction=r), lambda nn: nn.KLDivLoss(reduction=r), ((6, 5), shares), r)
    yield Case(
        ops.KLDivergence(reduction=r, log_target=True),
        lambda nn: nn.KLDivLoss(reduction=r, log_target=True),
        ((6, 5), np.log(shares)),
        f"{r}, of logarithms",
    )
    for target, how in ((mixed, "shares"), (hard, "0 or 1")):
        yield Case(ops.BCEWithLogits(reduction=r), lambda nn: nn.BCEWithLogitsLoss(reduction=r), ((4, 5), target), f"{r}, {how}")
        yield Case(
            ops.BCEWithLogits(reduction=r),
            lambda nn: nn.BCEWithLogitsLoss(reduction=r, pos_weight=_torch_ones(5)),
            ((4, 5), target),
            f"{r}, {how}, positive weight",
            {"pos_weight": (5,)},
        )


def _torch_ones(count: int) -> Any:
    return torch_itself().ones(count)


def penalties() -> Iterator[Case]:
    yield Case(L1Penalty(0.1), lambda nn: lambda *w: 0.1 * sum(x.abs().sum() for x in w), ((3, 4), (5,)))
    yield Case(L2Penalty(0.1), lambda nn: lambda *w: 0.1 * sum(x.square().sum() for x in w), ((3, 4), (5,)))
    yield Case(NormPenalty(0.1), lambda nn: lambda *w: 0.1 * sum(x.norm(2) for x in w), ((3, 4), (5,)))
    yield Case(NormPenalty(0.1), lambda nn: lambda w: 0.1 * w.norm(2), (np.zeros(4),), "of zeros", kinds=("ordinary",))


def arithmetic() -> Iterator[Case]:
    first: tuple[int, ...]
    second: tuple[int, ...]
    pairs = (((3, 4), (3, 4)), ((2, 3, 4), (4,)), ((2, 1, 4), (3, 1)))
    for first, second in pairs:
        text = f"{first}, {second}"
        yield Case(ops.Add(), lambda nn: lambda x, y: x + y, (first, second), text)
        yield Case(ops.Sub(), lambda nn: lambda x, y: x - y, (first, second), text)
        yield Case(ops.Mul(), lambda nn: lambda x, y: x * y, (first, second), text)
        yield Case(ops.Div(), lambda nn: lambda x, y: x / y, (first, second), text)
    for first, second in (((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5))):
        yield Case(ops.MatMul(), lambda nn: lambda x, y: x @ y, (first, second), f"{first}, {second}")
    for how, dim, keep in (("mean", (2, 3), False), ("sum", -1, True), ("mean", None, False)):
        yield Case(
            ops.Reduce(how=how, dim=dim, keepdim=keep),
            lambda nn, h=how, d=dim, k=keep: lambda x: getattr(x, h)(d, k) if d is not None else getattr(x, h)(),
            ((2, 3, 4, 5),),
            f"{how}, {dim}",
        )


def functions() -> Iterator[Case]:
    data: tuple[int, ...] | Drawn
    measured: Options = {"kinds": ("ordinary", "ties", "special"), "nan_slope": False}
    positive = np.linspace(0.1, 3, 12).reshape(3, 4)
    for exponent in (2.0, 3.0, -1.0, 0.0, 0.5, 1.5):
        data = (3, 4) if exponent in (2.0, 3.0) else positive
        yield Case(ops.Pow(exponent=exponent), lambda nn, e=exponent: lambda x: x**e, (data,), f"{exponent}", kinds=("ordinary", "ties"))
    yield Case(ops.Pow(), lambda nn: lambda x, y: x**y, (positive, (3, 4)), "of two", kinds=("ordinary",))
    for how in ("exp", "log", "abs", "neg", "sin", "cos", "expm1", "log1p"):
        data = positive if how.startswith("log") else (3, 4)
        yield Case(ops.Elementwise(how=how), lambda nn, h=how: getattr(torch_itself(), h), (data,), how, **measured)
    for how, bounds in (("clamp", (-0.5, 0.5)), ("clamp", (None, 0.25)), ("clamp_min", (0.1,)), ("clamp_max", (0.9,))):
        yield Case(
            ops.Elementwise(how=how, arguments=bounds),
            lambda nn, h=how, b=bounds: lambda x: getattr(torch_itself(), h)(x, *b),
            ((3, 4),),
            f"{how}, {bounds}",
            **measured,
        )


def shaping() -> Iterator[Case]:
    def same(subject: Operator, torch: Callable[..., Any], *inputs: tuple[int, ...], options: str = "", limit: float = 0) -> Case:
        return Case(subject, lambda nn: torch, inputs, options, limit=limit)

    yield same(ops.Identity(), lambda x: x * 1, (2, 3))
    yield same(ops.Flatten(), lambda x: x.flatten(1), (2, 3, 4))
    yield same(ops.Flatten(start_dim=0, end_dim=1), lambda x: x.flatten(0, 1), (2, 3, 4), options="0, 1")
    yield same(ops.Reshape(sizes=(-1, 6)), lambda x: x.reshape(-1, 6), (2, 3, 4))
    yield same(ops.Unflatten(dim=1, sizes=(3, 2)), lambda x: x.unflatten(1, (3, 2)), (2, 6))
    yield same(ops.Squeeze(), lambda x: x.squeeze(), (2, 1, 3, 1))
    yield same(ops.Unsqueeze(dim=-2), lambda x: x.unsqueeze(-2), (2, 3))
    yield same(ops.Permute(order=(2, 0, 1)), lambda x: x.permute(2, 0, 1), (2, 3, 4))
    yield same(ops.Permute(swap=(1, -1)), lambda x: x.transpose(1, -1), (2, 3, 4), options="swap")
    yield same(ops.Concat(dim=1), lambda *x: torch_itself().cat(x, 1), (2, 1, 3), (2, 4, 3))
    yield same(ops.Stack(dim=1), lambda *x: torch_itself().stack(x, 1), (2, 3), (2, 3))
    yield same(ops.Split(dim=1, pieces=3), lambda x: x.chunk(3, 1), (2, 7))
    yield same(ops.Split(dim=0, sizes=(1, 3)), lambda x: x.split([1, 3]), (4, 2), options="sizes")
    yield same(ops.Split(dim=0, keep_dim=False), lambda x: x.unbind(0), (3, 2), options="unbind")
    yield same(ops.Slice(index=(slice(1, None), Ellipsis, None, 0)), lambda x: x[1:, ..., None, 0], (3, 2, 4))
    yield same(ops.Expand(how="expand", sizes=(5, -1, 3)), lambda x: x.expand(5, -1, 3), (2, 1))
    yield same(ops.Expand(how="repeat", sizes=(2, 1, 3)), lambda x: x.repeat(2, 1, 3), (2, 3), limit=2)
    yield same(ops.Expand(how="tile", sizes=(2,)), lambda x: x.tile(2), (2, 3))
    for mode in ("constant", "reflect", "replicate", "circular"):
        yield Case(
            ops.Pad(pad=(2, 1, 1, 2), mode=mode),
            lambda nn, m=mode: lambda x: nn.functional.pad(x, (2, 1, 1, 2), m),
            ((2, 3, 4, 5),),
            mode,
            limit=2,
        )
    yield Case(ops.Pad(pad=(-1, 2)), lambda nn: lambda x: nn.functional.pad(x, (-1, 2)), ((2, 5),), "crops", limit=0)


def sequences() -> Iterator[Case]:
    for kind, bias, hidden in (("RNN", True, 1), ("LSTM", True, 2), ("LSTM", False, 0), ("GRU", True, 1), ("GRU", False, 0)):
        yield Case(
            ops.RecurrentCell(kind=kind, input_size=4, hidden_size=3, bias=bias),
            lambda nn, k=kind, b=bias: lambda cell: lambda x, *state: cell(x, tuple(state) if len(state) > 1 else (*state, None)[0]),
            ((5, 4), *((5, 3),) * hidden),
            f"bias {bias}, {hidden} states",
            limit=16,
            why="gates of sums, multiplied",
            kinds=("ordinary", "ties"),
        )
    for causal, scale in ((False, None), (True, None), (True, 0.3)):
        yield Case(
            ops.Attention(is_causal=causal, scale=scale),
            lambda nn, c=causal, s=scale: lambda q, k, v: nn.functional.scaled_dot_product_attention(q, k, v, is_causal=c, scale=s),
            ((2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 6)),
            f"causal {causal}, scale {scale}",
            limit=8,
            why="a softmax between two sums of products",
            kinds=("ordinary", "ties"),
        )


def whole_sequences() -> Iterator[Case]:
    """Layers of several maps: whole attention and recurrence."""
    yield from _attentions()
    for kind, nonlinearity in (("RNN", "tanh"), ("RNN", "relu"), ("LSTM", "tanh"), ("GRU", "tanh")):
        for depth, both, first, shape, states in (
            (1, False, False, (4, 2, 3), False),
            (2, True, False, (3, 2, 3), True),
            (2, False, True, (2, 4, 3), True),
            (1, True, False, (4, 3), True),
        ):
            options: Options = {"num_layers": depth, "bidirectional": both, "batch_first": first}
            given: Options = {"nonlinearity": nonlinearity} if kind == "RNN" else {}
            batch = () if len(shape) == 2 else (shape[0] if first else shape[1],)
            state = (depth * (2 if both else 1), *batch, 5)
            count = (2 if kind == "LSTM" else 1) if states else 0
            yield Case(
                ops.Recurrent(kind=kind, input_size=3, hidden_size=5, bias=depth == 2 or both, **options, **given),
                lambda nn, k=kind, o={**options, **given}, b=depth == 2 or both: getattr(nn, k)(3, 5, bias=b, **o),
                (shape, *(state,) * count),
                f"{nonlinearity}, {depth} layers, both ways {both}, batch first {first}, {shape}, {count} states",
                limit=64,
                why="gates of sums, multiplied, step after step",
                kinds=("ordinary", "ties"),
            )


def _flat_state(layer: Any) -> Any:
    """A recurrent layer as a function of tensors, its results without a tuple in them."""

    def apply(x: Any, *state: Any) -> Any:
        y, end = layer(x, *((state if len(state) > 1 else state[0],) if state else ()))
        return (y, *end) if isinstance(end, tuple) else (y, end)

    apply.learned = dict(layer.named_parameters())  # type: ignore[attr-defined]  # where the parameters of a case are looked for
    return apply


def _attentions() -> Iterator[Case]:
    table: list[tuple[Options, tuple[tuple[int, ...], ...]]] = [
        ({}, ((3, 2, 6), (4, 2, 6), (4, 2, 6))),
        ({"batch_first": True}, ((2, 3, 6), (2, 4, 6), (2, 4, 6))),
        ({"bias": False}, ((3, 6), (4, 6), (4, 6))),
        ({"add_bias_kv": True, "add_zero_attn": True}, ((3, 2, 6), (4, 2, 6), (4, 2, 6))),
        ({"kdim": 5, "vdim": 4}, ((3, 2, 6), (4, 2, 5), (4, 2, 4))),
    ]
    for options, shapes in table:
        yield Case(
            ops.MultiheadAttention(embed_dim=6, num_heads=2, **options),
            lambda nn, o=options: nn.MultiheadAttention(6, 2, **o),
            shapes,
            ", ".join(f"{name} {value}" for name, value in options.items()) or "plain",
            limit=32,
            why="a softmax between sums of products of sums of products",
            kinds=("ordinary", "ties"),
        )


def resampling() -> Iterator[Case]:
    table: list[tuple[str, Options, tuple[int, ...]]] = [
        ("nearest", {"scale_factor": 2.0}, (2, 3, 4)),
        ("nearest", {"scale_factor": (2.0, 1.5)}, (2, 3, 4, 5)),
        ("nearest", {"size": (3, 7)}, (2, 3, 5, 4)),
        ("nearest-exact", {"size": (3, 7)}, (2, 3, 5, 4)),
        ("linear", {"size": (7,)}, (2, 3, 4)),
        ("bilinear", {"scale_factor": 2.0}, (2, 3, 4, 5)),
        ("bilinear", {"scale_factor": 1.7}, (2, 3, 4, 5)),
        ("bilinear", {"scale_factor": 1.7, "recompute_scale_factor": True}, (2, 3, 4, 5)),
        ("bilinear", {"size": (3, 7), "align_corners": True}, (2, 3, 5, 4)),
        ("bilinear", {"size": (1, 1), "align_corners": True}, (2, 3, 5, 4)),
        ("trilinear", {"size": (2, 5, 3)}, (2, 2, 3, 3, 4)),
    ]
    for mode, options, shape in table:
        yield Case(
            ops.Resample(mode=mode, **options),
            lambda nn, m=mode, o=options: lambda x: nn.functional.interpolate(x, mode=m, **o),
            (shape,),
            f"{mode}, {', '.join(f'{name} {value}' for name, value in options.items())}",
            limit=16,
            why="places of interpolation that are rounded in another order",
            kinds=("ordinary", "ties"),
        )


def cases() -> list[Case]:
    """All cases."""
    families = (
        dropouts,
        normalizations,
        penalties,
        activations,
        weights,
        pools,
        losses,
        arithmetic,
        functions,
        shaping,
        sequences,
        whole_sequences,
        resampling,
    )
    return [case for family in families for case in family()]


# -- data -----------------------------------------------------------------------------------------------------------------


def drawn(shape: tuple[int, ...], kind: str, rng: np.random.Generator) -> Floats:
    """Random numbers of one kind."""
    if kind == "ties":
        return rng.integers(-2, 3, shape).astype(np.float64)
    values = rng.normal(size=shape) * (1000.0 if kind == "huge" else 1.0)
    if kind == "special" and values.size:
        places = rng.choice(values.size, size=min(5, values.size), replace=False)
        values.flat[places] = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0])[: places.size]
    return values


@dataclass(frozen=True)
class Data:
    """The numbers of one run, in double precision but exact in the precision of the run."""

    inputs: tuple[Drawn, ...]
    parameters: dict[str, Drawn]
    seed: int


def data(case: Case, kind: str, precision: str, seed: int = 0) -> Data:
    """The numbers for a case. Variances and weights of losses are positive."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    inputs = tuple(entry if isinstance(entry, np.ndarray) else drawn(entry, kind, rng) for entry in case.inputs)
    parameters: dict[str, Drawn] = {name: _parameter(name, shape, rng) for name, shape in case.shapes().items()}
    with quiet():
        rounded = tuple(x.astype(precision).astype(np.float64) if x.dtype == np.float64 else x for x in inputs)
    return Data(rounded, parameters, seed)


def _parameter(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Drawn:
    if name == "num_batches_tracked":
        return np.array(3)
    values = rng.normal(size=shape).astype(np.float32).astype(np.float64)
    return np.abs(values) + 0.5 if name in ("running_var", "pos_weight") or (name == "weight" and len(shape) == 1) else values


# -- running --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a layer or torch gave, as NumPy arrays in double precision: outputs, gradients and state by name."""

    forward: dict[str, Floats]
    backward: dict[str, Floats]


@cache
def upstream(shape: tuple[int, ...], place: int) -> Floats:
    """The gradient with respect to an output."""
    values = np.random.default_rng([7, place]).normal(size=shape)
    return values.astype(np.float32).astype(np.float64)


def run_layer(case: Case, numbers: Data, make: Callable[[Drawn], Array], given: Array | None = None) -> Result:
    """Our layer; `make` makes arrays of one library and precision, `given` stands for what the layer would draw."""
    inputs = tuple(map(make, numbers.inputs))
    parameters = {name: make(values) for name, values in numbers.parameters.items()}
    step = forced(case.layer, inputs[0], given) if given is not None else case.layer.forward(inputs, parameters, Context(case.training))
    gradients = step.backward(*(make(upstream(tuple(y.shape), n)) if _real(y) else None for n, y in enumerate(step.outputs)))
    forward = {f"output {n}": _plain(y) for n, y in enumerate(step.outputs)}
    forward |= {name: _plain(values) for name, values in step.state.items()}
    return Result(forward, _named(gradients))


def forced(layer: ReferenceLayer, x: Array, given: Array) -> Step:
    """The layer in training with its random numbers given: a mask, or slopes."""
    how: Callable[[Array, Array], Step] = getattr(layer, "masked", None) or getattr(layer, "sloped")  # noqa: B009
    return how(x, given)


def _named(gradients: Gradients) -> dict[str, Floats]:
    named = {f"input {n}": _plain(g) for n, g in enumerate(gradients.inputs) if g is not None}
    return named | {name: _plain(g) for name, g in gradients.parameters.items()}


def run_torch(case: Case, numbers: Data, precision: str) -> tuple[Result, Any]:
    """torch.nn and autograd; also the random numbers that it drew."""
    torch = torch_itself()
    dtype = getattr(torch, precision)
    layer = _torch_layer(case, numbers, torch, dtype)
    inputs = [_tensor(torch, values, dtype) for values in numbers.inputs]
    leaves = [x.requires_grad_() if x.is_floating_point() else x for x in inputs]
    given = None
    if case.draw is not None:
        torch.manual_seed(numbers.seed)
        given = case.draw(layer, inputs[0].detach()).to(dtype)
        torch.manual_seed(numbers.seed)
    outputs = layer(*leaves)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    real = [(n, y) for n, y in enumerate(outputs) if y.is_floating_point()]
    parameters = dict(layer.named_parameters()) if isinstance(layer, torch.nn.Module) else getattr(layer, "learned", {})
    wanted = {f"input {n}": x for n, x in enumerate(leaves) if x.requires_grad} | parameters
    values = torch.autograd.grad(
        [y for _, y in real],
        list(wanted.values()),
        [_tensor(torch, upstream(tuple(y.shape), n), dtype) for n, y in real],
        allow_unused=True,
    )
    forward = {f"output {n}": _plain(y.detach()) for n, y in enumerate(outputs)}
    if isinstance(layer, torch.nn.Module) and case.training:
        after = {name: _plain(buffer) for name, buffer in layer.named_buffers()}
        forward |= {name: values for name, values in after.items() if not np.array_equal(values, numbers.parameters[name])}
    return Result(forward, {name: _plain(g) for name, g in zip(wanted, values, strict=True) if g is not None}), given


def _torch_layer(case: Case, numbers: Data, torch: Any, dtype: Any) -> Any:
    layer = case.torch(torch.nn)
    if isinstance(case.subject, ops.RecurrentCell):
        cell = getattr(torch.nn, case.subject.name)(4, 3, case.subject.bias)
        _load(cell, numbers, torch, dtype)
        call = layer(cell)
        call.learned = dict(cell.named_parameters())
        return call
    if isinstance(layer, torch.nn.Module):
        _load(layer, numbers, torch, dtype)
        layer.train(case.training)
    if isinstance(case.subject, ops.Recurrent):
        return _flat_state(layer)
    return layer


def _load(module: Any, numbers: Data, torch: Any, dtype: Any) -> None:
    module.to(dtype)
    module.load_state_dict({name: _tensor(torch, values, dtype) for name, values in numbers.parameters.items()})


def _tensor(torch: Any, values: Drawn, dtype: Any) -> Any:
    tensor = torch.tensor(values)
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _real(y: Array) -> bool:
    return "float" in str(y.dtype)


def _plain(values: Array) -> Floats:
    return np.asarray(values.detach().numpy() if hasattr(values, "detach") else values).astype(np.float64)


def makers() -> dict[str, Callable[[str], Callable[[Drawn], Array]]]:
    """How an array of each library is made in a precision."""

    def of_numpy(precision: str) -> Callable[[Drawn], Array]:
        return quiet()(lambda values: values.astype(precision) if values.dtype == np.float64 else values)

    def of_torch(precision: str) -> Callable[[Drawn], Array]:
        torch = torch_itself()
        return lambda values: _tensor(torch, np.asarray(values), getattr(torch, precision))

    return {"numpy": of_numpy, "torch": of_torch}


# -- measuring ------------------------------------------------------------------------------------------------------------


def ulps(actual: Floats, expected: Floats, precision: str, scale: Floats | float) -> float:
    """The largest distance in ulp of the larger of `scale` and the expected number. Infinite where only one is NaN or infinite.

    Numbers below the smallest normal one count as 0: torch may flush them.
    """
    if actual.shape != expected.shape:
        raise AssertionError(f"shape {actual.shape}, not {expected.shape}")
    if not actual.size:
        return 0.0
    limits = np.finfo(precision)
    both = np.isfinite(actual) & np.isfinite(expected)
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    if not np.all(both | same):
        return math.inf
    with np.errstate(invalid="ignore"):
        distance = np.where(both & ~same, np.abs(actual - expected), 0.0)
    distance = np.where((np.abs(actual) < limits.tiny) & (np.abs(expected) < limits.tiny), 0.0, distance)
    size = np.maximum(np.where(both, np.abs(expected), 0.0), np.where(np.isfinite(scale), scale, 0.0))
    return float(np.max(distance / np.maximum(size * float(limits.eps), float(limits.tiny))))


def compared(case: Case, ours: Result, theirs: Result, numbers: Data, precision: str) -> tuple[float, float]:
    """The largest error forward and backward. Raises AssertionError if one side has a result that the other has not."""
    assert ours.forward.keys() == theirs.forward.keys(), f"{ours.forward.keys()}, not {theirs.forward.keys()}"
    targets = {"input 1"} if isinstance(case.subject, ops.Loss) else set()
    assert ours.backward.keys() == theirs.backward.keys() - targets, f"{ours.backward.keys()}, not {theirs.backward.keys()}"
    errors = []
    for part in ("forward", "backward"):
        mine, other = getattr(ours, part), getattr(theirs, part)
        scales = {name: _scale(case, part, other[name], numbers) for name in mine}
        if part == "backward" and not case.nan_slope:
            hidden = np.isnan(np.asarray(numbers.inputs[0], dtype=np.float64))
            mine, other = ({name: np.where(hidden, 0.0, values) for name, values in side.items()} for side in (mine, other))
        errors.append(max((ulps(mine[name], other[name], precision, scales[name]) for name in mine), default=0.0))
    return errors[0], errors[1]


def _scale(case: Case, part: str, expected: Floats, numbers: Data) -> Floats | float:
    """What the error is measured against, besides the expected number."""
    scale = case.slope_scale or case.scale if part == "backward" else case.scale
    if scale == "tensor":
        finite = np.abs(expected[np.isfinite(expected)])
        return float(np.max(finite, initial=0.0))
    if scale == "terms":
        return np.abs(upstream(expected.shape, 0)) if part == "backward" else np.abs(np.asarray(numbers.inputs[0], dtype=np.float64))
    return 0.0


@dataclass
class Row:
    """The largest errors of a layer over its cases."""

    name: str
    cases: int = 0
    scale: str = "element"
    limit: float = 0.0
    why: str = ""
    single: str = ""
    far: bool = False
    errors: dict[tuple[str, str], float] = field(default_factory=dict)


def measure(case: Case) -> Iterator[tuple[str, str, str, float]]:
    """Library, precision, direction, error: of every run of a case."""
    for precision, kind in product(PRECISIONS, case.kinds):
        numbers = data(case, kind, precision)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of shapes that its next version will read differently
            theirs, given = run_torch(case, numbers, precision)
        for library, maker in makers().items():
            make = maker(precision)
            ours = run_layer(case, numbers, make, None if given is None else make(_plain(given)))
            forward, backward = compared(case, ours, theirs, numbers, precision)
            yield library, precision, "forward", forward
            yield library, precision, "backward", backward


def rows_of(all_cases: list[Case]) -> list[Row]:
    """A row a layer."""
    rows: dict[str, Row] = {}
    for case in all_cases:
        row = rows.setdefault(case.name, Row(case.name))
        row.cases += 1
        row.limit, row.why = max(row.limit, case.limit), row.why or case.why
        row.single = row.single or case.single
        row.scale = f"{case.scale}, {case.slope_scale}" if case.slope_scale else case.scale
        for _, precision, part, error in measure(case):
            key = precision, part
            row.errors[key] = max(row.errors.get(key, 0.0), error)
            row.far = row.far or error > case.bound(precision, part)
    return list(rows.values())


def render(rows: list[Row]) -> str:
    """The page."""
    columns = list(product(PRECISIONS, ("forward", "backward")))
    head = ["layer", "cases", *(f"{precision} {part}" for precision, part in columns), "ulp of", "limit"]
    cells = [[row.name, row.cases, *(f"{row.errors[key]:.2g}" for key in columns), row.scale, f"{row.limit:g}"] for row in rows]
    versions = [f"torch {torch_itself().__version__.partition('+')[0]}", f"NumPy {np.__version__}", f"Python {platform.python_version()}"]
    reasons = sorted({row.why for row in rows if row.why})
    lines = [
        "# Reference layers against PyTorch",
        "",
        provenance("python benchmarks/layers.py", versions),
        "",
        "The largest error in ulp over all cases of a layer, on NumPy arrays and on torch tensors, on ordinary and on adversarial data.",
        "An ulp is measured at the number itself (element), at the largest term of its formula (terms), or at the largest number of its",
        "tensor (tensor: sums cancel, and their order differs); forward and backward where they differ.",
        "",
        table(head, cells, right=[1, 2, 3, 4, 5, 7]),
        "",
        "Why a limit is above 4 ulp:",
        "",
        *(f"- {', '.join(row.name for row in rows if row.why == why)}: {why}." for why in reasons),
        "",
        "In float64 too, torch's backward pass takes a number in single precision, one ulp of which is 5e8 here:",
        "",
        *(f"- {row.name}: {row.single}." for row in rows if row.single),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    rows = rows_of(cases())
    print(render(rows), end="")
    far = [row.name for row in rows if row.far]
    for name in far:
        print(f"{name} is further from torch than its limit", file=sys.stderr)
    return 1 if far else 0


if __name__ == "__main__":
    sys.exit(main())
