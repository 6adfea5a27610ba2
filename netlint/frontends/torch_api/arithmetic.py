"""Arithmetic, comparisons, element-wise functions, reductions and products of tensors."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import SEVERAL, Arguments, FunctionSpec, LayerSpec, Structure
from netlint.frontends.torch_api.template import argument, in_place, options, pair, plain, template, unknown
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    Add,
    Compare,
    Div,
    Einsum,
    Elementwise,
    LogSoftmax,
    MatMul,
    Mul,
    Opaque,
    Pow,
    Rearrange,
    Reduce,
    Softmax,
    Sub,
)
from netlint.graph.unknown import Unknown

_INPUT = ("input",)
_BOTH = ("input", "other")
_UNARY = "input, *, out=None"
_BINARY = "input, other, *, out=None"

# -- element by element -------------------------------------------------------------------------------------------------

_TERNARY = "input, tensor1, tensor2, *, value=1, out=None | input, value, tensor1, tensor2"
_POLYNOMIALS = (
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w hermite_polynomial_h "
    "hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p"
)
_ISIN = "elements, test_elements, *, assume_unique=False, invert=False, out=None"

_FUNCTIONS_OF_ONE = (
    "abs acos acosh angle asin asinh atan atanh bitwise_not ceil conj conj_physical cos cosh deg2rad digamma erf erfc erfinv exp exp2 "
    "expm1 floor frac i0 lgamma log log10 log1p log2 neg rad2deg sgn sign sin sinc sinh tan trunc"
)
_FUNCTIONS_OF_TWO = (
    "arctan2 atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign floor_divide fmax fmin fmod gcd "
    "hypot igamma igammac lcm ldexp logaddexp logaddexp2 maximum minimum nextafter remainder xlogy"
)
_TESTS_OF_ONE = "isneginf isposinf logical_not signbit"
_SYMBOLS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_TESTS_OF_TWO = "logical_and logical_or logical_xor"
_SPECIAL_OF_ONE = (
    "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 entr erfcx i0e i1 i1e log_ndtr modified_bessel_i0 modified_bessel_i1 "
    "modified_bessel_k0 modified_bessel_k1 ndtr ndtri scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0"
)


def _elementwise(signature: str, how: str, tensors: tuple[str, ...] = _INPUT, *arguments: str) -> FunctionSpec:
    """An element-wise function; `arguments` names the options that are kept."""
    return FunctionSpec(signature, tensors, template(Elementwise, how=how, arguments=options(*arguments)))


def _compare(signature: str, how: str, tensors: tuple[str, ...] = _INPUT) -> FunctionSpec:
    return FunctionSpec(signature, tensors, template(Compare, how=how))


def _divide(arguments: Arguments) -> Operator:
    """Division; with a rounding mode it is another function, flat almost everywhere."""
    rounding = plain(arguments["rounding_mode"])
    return Div() if rounding is None else Elementwise(how="div", arguments=(rounding,))


def _exponent(arguments: Arguments) -> object:
    """The exponent, when it is a number."""
    exponent = arguments["exponent"]
    return exponent if isinstance(exponent, (int, float, Unknown)) else None


_ELEMENTWISE: dict[str, FunctionSpec] = {
    **{name: _elementwise(_UNARY, name) for name in _FUNCTIONS_OF_ONE.split()},
    **{name: _elementwise(_BINARY, name, _BOTH) for name in _FUNCTIONS_OF_TWO.split()},
    **{name: _compare(_UNARY, name) for name in _TESTS_OF_ONE.split()},
    **{name: _compare("input", name) for name in ("isfinite", "isinf", "isnan", "isreal")},
    **{name: _compare(_BINARY, symbol, _BOTH) for name, symbol in _SYMBOLS.items()},
    **{name: _compare(_BINARY, name, _BOTH) for name in _TESTS_OF_TWO.split()},
    "isclose": _compare("input, other, rtol=1e-05, atol=1e-08, equal_nan=False", "isclose", _BOTH),
    "add": FunctionSpec("input, other, *, alpha=1, out=None | input, alpha, other", _BOTH, template(Add)),
    "sub": FunctionSpec("input, other, *, alpha=1, out=None | input, alpha, other", _BOTH, template(Sub)),
    "mul": FunctionSpec(_BINARY, _BOTH, template(Mul)),
    "div": FunctionSpec("input, other, *, rounding_mode=None, out=None", _BOTH, _divide),
    "pow": FunctionSpec("input, exponent, *, out=None", ("input", "exponent"), template(Pow, exponent=_exponent)),
    "float_power": FunctionSpec("input, exponent, *, out=None", ("input", "exponent"), template(Pow, exponent=_exponent)),
    "square": FunctionSpec(_UNARY, _INPUT, template(Pow, exponent=2.0)),
    "sqrt": FunctionSpec(_UNARY, _INPUT, template(Pow, exponent=0.5)),
    "rsqrt": FunctionSpec(_UNARY, _INPUT, template(Pow, exponent=-0.5)),
    "reciprocal": FunctionSpec(_UNARY, _INPUT, template(Pow, exponent=-1.0)),
    "positive": _elementwise("input", "positive"),
    "round": _elementwise("input, *, decimals=0, out=None", "round", _INPUT, "decimals"),
    "clamp": _elementwise("input, min=None, max=None, *, out=None", "clamp", _INPUT, "min", "max"),
    "clamp_min": _elementwise("input, min, *, out=None", "clamp_min", _INPUT, "min"),
    "clamp_max": _elementwise("input, max, *, out=None", "clamp_max", _INPUT, "max"),
    "nan_to_num": _elementwise("input, nan=None, posinf=None, neginf=None, *, out=None", "nan_to_num"),
    "logit": _elementwise("input, eps=None, *, out=None", "logit", _INPUT, "eps"),
    "mvlgamma": _elementwise("input, p, *, out=None", "mvlgamma", _INPUT, "p"),
    "heaviside": _elementwise("input, values, *, out=None", "heaviside", ("input", "values")),
    "lerp": _elementwise("input, end, weight, *, out=None", "lerp", ("input", "end", "weight")),
    "addcmul": _elementwise(
        _TERNARY,
        "addcmul",
        ("input", "tensor1", "tensor2"),
        "value",
    ),
    "addcdiv": _elementwise(
        _TERNARY,
        "addcdiv",
        ("input", "tensor1", "tensor2"),
        "value",
    ),
    "masked_fill": _elementwise("input, mask, value", "masked_fill", ("input", "mask"), "value"),
    # A triangle of a matrix is a product with a fixed mask.
    "tril": _elementwise("input, diagonal=0, *, out=None", "tril", _INPUT, "diagonal"),
    "triu": _elementwise("input, diagonal=0, *, out=None", "triu", _INPUT, "diagonal"),
}

# -- reductions ---------------------------------------------------------------------------------------------------------


def _dim(arguments: Arguments) -> object:
    """The reduced dimensions; none named (None, or an empty sequence) means all."""
    dim = arguments["dim"]
    return None if isinstance(dim, (list, tuple)) and not dim else dim


def _reduce(signature: str, how: str, tensors: tuple[str, ...] = _INPUT, order: object = None) -> FunctionSpec:
    return FunctionSpec(signature, tensors, template(Reduce, how=how, dim=_dim, order=order))


def _whole(signature: str, how: str) -> FunctionSpec:
    """A reduction of all elements, or of all by their position."""
    return FunctionSpec(signature, _INPUT, template(Reduce, how=how))


def _with_indices_along_dim(arguments: Arguments) -> Structure:
    return None if arguments["dim"] is None else (0, 1)


def _extremum(how: str, pairwise: str) -> FunctionSpec:
    """`max(x)`, `max(x, dim)` with indices, or `max(x, other)` element by element."""
    reduce = template(Reduce, how=how, dim=_dim)

    def build(arguments: Arguments) -> Operator:
        return reduce(arguments) if arguments["other"] is None else Elementwise(how=pairwise)

    signature = "input, dim: option=None, keepdim=False, *, out=None | input, other: Tensor, *, out=None"
    return FunctionSpec(signature, _BOTH, build, _with_indices_along_dim)


def _norm_order(arguments: Arguments) -> object:
    """The p of a norm; the Frobenius norm, the default, is the 2-norm of all elements."""
    p = arguments["p"]
    return 2.0 if p in ("fro", None) else p


def _linalg_order(arguments: Arguments) -> object:
    """`ord` of `linalg.norm`, which means the operator norm of a matrix when the tensor, seen over `dim`, is one."""
    order, dim = arguments["ord"], arguments["dim"]
    if order in (None, "fro"):
        return 2.0
    one = isinstance(dim, int) or (isinstance(dim, (list, tuple)) and len(dim) == 1)
    return order if one or isinstance(order, str) else Unknown("whether it is a vector's or a matrix's norm")


def _matrix_order(arguments: Arguments) -> object:
    return 2.0 if arguments["ord"] == "fro" else f"matrix {arguments['ord']}"


_DIM = "input, dim=None, keepdim=False, *, out=None"
_DIM_TYPED = "input, dim=None, keepdim=False, *, dtype=None, out=None"
_SPREAD = (
    "input, unbiased: bool=True | input, dim: option, unbiased: bool=True, keepdim=False, *, out=None"
    " | input, dim=None, *, correction=None, keepdim=False, out=None"
)
_QUANTILE = "input, q, dim=None, keepdim=False, *, interpolation='linear', out=None"

_REDUCTIONS: dict[str, FunctionSpec] = {
    "sum": _reduce(_DIM_TYPED, "sum"),
    "mean": _reduce(_DIM_TYPED, "mean"),
    "prod": _reduce(_DIM_TYPED, "prod"),
    "nansum": _reduce(_DIM_TYPED, "nansum"),
    "nanmean": _reduce(_DIM_TYPED, "nanmean"),
    "max": _extremum("max", "maximum"),
    "min": _extremum("min", "minimum"),
    "amax": _reduce(_DIM, "amax"),
    "amin": _reduce(_DIM, "amin"),
    "argmax": _reduce(_DIM, "argmax"),
    "argmin": _reduce(_DIM, "argmin"),
    "all": _reduce(_DIM, "all"),
    "any": _reduce(_DIM, "any"),
    "logsumexp": _reduce("input, dim, keepdim=False, *, out=None", "logsumexp"),
    "std": _reduce(_SPREAD, "std"),
    "var": _reduce(_SPREAD, "var"),
    "count_nonzero": _reduce("input, dim=None", "count_nonzero"),
    "quantile": _reduce(_QUANTILE, "quantile"),
    "nanquantile": _reduce(_QUANTILE, "nanquantile"),
    "dist": FunctionSpec("input, other, p=2", _BOTH, template(Reduce, how="dist", order=argument("p"))),
    "trace": _whole("input", "trace"),
    "equal": FunctionSpec("input, other", _BOTH, template(Reduce, how="equal")),
    "allclose": FunctionSpec("input, other, rtol=1e-05, atol=1e-08, equal_nan=False", _BOTH, template(Reduce, how="allclose")),
    "aminmax": FunctionSpec("input, *, dim=None, keepdim=False, out=None", _INPUT, template(Reduce, how="aminmax"), pair),
    "median": FunctionSpec(_DIM, _INPUT, template(Reduce, how="median"), _with_indices_along_dim),
    "nanmedian": FunctionSpec(_DIM, _INPUT, template(Reduce, how="nanmedian"), _with_indices_along_dim),
    "mode": FunctionSpec("input, dim=-1, keepdim=False, *, out=None", _INPUT, template(Reduce, how="mode"), pair),
    "kthvalue": FunctionSpec("input, k, dim=-1, keepdim=False, *, out=None", _INPUT, template(Reduce, how="kthvalue"), pair),
}

# -- products -----------------------------------------------------------------------------------------------------------


def _product(signature: str, *tensors: str) -> FunctionSpec:
    return FunctionSpec(signature, tensors, template(MatMul))


def _contraction(signature: str, what: str, *tensors: str) -> FunctionSpec:
    """A product of tensors that `matmul` does not describe."""
    return FunctionSpec(signature, tensors, lambda _: Einsum(equation=Unknown(f"the equation of `{what}`")))


_PRODUCTS: dict[str, FunctionSpec] = {
    "matmul": _product(_BINARY, *_BOTH),
    "mm": _product("input, mat2, out_dtype=None, *, out=None", "input", "mat2"),
    "bmm": _product("input, mat2, out_dtype=None, *, out=None", "input", "mat2"),
    "mv": _product("input, vec, *, out=None", "input", "vec"),
    "dot": _product("input, tensor, *, out=None", "input", "tensor"),
    "vdot": _product(_BINARY, *_BOTH),
    # The product first: what is added to it comes last.
    "addmm": _product("input, mat1, mat2, out_dtype=None, *, beta=1, alpha=1, out=None", "mat1", "mat2", "input"),
    "addmv": _product("input, mat, vec, *, beta=1, alpha=1, out=None", "mat", "vec", "input"),
    "baddbmm": _product("input, batch1, batch2, out_dtype=None, *, beta=1, alpha=1, out=None", "batch1", "batch2", "input"),
    "addbmm": _contraction("input, batch1, batch2, *, beta=1, alpha=1, out=None", "addbmm", "batch1", "batch2", "input"),
    "addr": _contraction("input, vec1, vec2, *, beta=1, alpha=1, out=None", "addr", "vec1", "vec2", "input"),
    "outer": FunctionSpec("input, vec2, *, out=None", ("input", "vec2"), template(Einsum, equation="i,j->ij")),
    "inner": _contraction(_BINARY, "inner", *_BOTH),
    "kron": _contraction(_BINARY, "kron", *_BOTH),
    "cross": _contraction("input, other, dim=None, *, out=None", "cross", *_BOTH),
    "matrix_power": _contraction("input, n, *, out=None", "matrix_power", "input"),
}

_ORDERINGS: dict[str, FunctionSpec] = {
    **{
        name: FunctionSpec(f"input, dim, *, {extra}out=None", _INPUT, template(Rearrange, how=name, arguments=options("dim")), results)
        for name, extra, results in (
            ("cumsum", "dtype=None, ", None),
            ("cumprod", "dtype=None, ", None),
            ("logcumsumexp", "", None),
            ("cummax", "", pair),
            ("cummin", "", pair),
        )
    },
}

# -- linear algebra: known calls with results that no operator describes -------------------------------------------------


def _unseen(signature: str, label: str, tensors: tuple[str, ...] = _INPUT, results: int = 1) -> FunctionSpec:
    """A function across which nothing is concluded; the number of its results is known all the same."""

    def build(_: Arguments) -> Operator:
        return Opaque(label=label, reason=f"no operator describes `{label}`")

    structure = None if results == 1 else tuple(range(results))
    return FunctionSpec(signature, tensors, build, lambda _: structure)


_MATRIX_FUNCTIONS: dict[str, FunctionSpec] = {
    "det": _unseen("input", "det"),
    "logdet": _unseen("input", "logdet"),
    "slogdet": _unseen("input, *, out=None", "slogdet", results=2),
    "inverse": _unseen("input, *, out=None", "inverse"),
    "pinverse": _unseen("input, rcond=1e-15", "pinverse"),
    "matrix_exp": _unseen("input", "matrix_exp"),
    "svd": _unseen("input, some=True, compute_uv=True, *, out=None", "svd", results=3),
    "cov": _unseen("input, *, correction=1, fweights=None, aweights=None", "cov"),
    "corrcoef": _unseen("input", "corrcoef"),
    "bincount": _unseen("input, weights=None, minlength=0", "bincount", ("input", "weights")),
    "histc": _unseen("input, bins=100, min=0, max=0, *, out=None", "histc"),
    "multinomial": _unseen("input, num_samples, replacement=False, *, generator=None, out=None", "multinomial"),
    "stft": _unseen(
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', normalized=False, onesided=None, "
        "return_complex=None, align_to_window=None",
        "stft",
    ),
    "istft": _unseen(
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None, "
        "return_complex=False",
        "istft",
    ),
}

_LINALG: dict[str, FunctionSpec] = {
    name: _unseen(signature, f"torch.linalg.{name}", tensors, results)
    for name, signature, tensors, results in (
        ("cholesky", "A, *, upper=False, out=None", ("A",), 1),
        ("cholesky_ex", "A, *, upper=False, check_errors=False, out=None", ("A",), 2),
        ("cond", "A, p=None, *, out=None", ("A",), 1),
        ("det", "A, *, out=None", ("A",), 1),
        ("eig", "A, *, out=None", ("A",), 2),
        ("eigh", "A, UPLO='L', *, out=None", ("A",), 2),
        ("eigvals", "A, *, out=None", ("A",), 1),
        ("eigvalsh", "A, UPLO='L', *, out=None", ("A",), 1),
        ("inv", "A, *, out=None", ("A",), 1),
        ("householder_product", "A, tau, *, out=None", ("A", "tau"), 1),
        ("inv_ex", "A, *, check_errors=False, out=None", ("A",), 2),
        ("lstsq", "A, B, rcond=None, *, driver=None", ("A", "B"), 4),
        ("lu", "A, *, pivot=True, out=None", ("A",), 3),
        ("lu_factor", "A, *, pivot=True, out=None", ("A",), 2),
        ("lu_solve", "LU, pivots, B, *, left=True, adjoint=False, out=None", ("LU", "pivots", "B"), 1),
        ("matrix_exp", "A", ("A",), 1),
        ("matrix_power", "A, n, *, out=None", ("A",), 1),
        ("matrix_rank", "A, tol=None, hermitian=False, *, atol=None, rtol=None, out=None", ("A",), 1),
        ("pinv", "A, rcond=None, hermitian=False, *, atol=None, rtol=None, out=None", ("A",), 1),
        ("qr", "A, mode='reduced', *, out=None", ("A",), 2),
        ("slogdet", "A, *, out=None", ("A",), 2),
        ("solve", "A, B, *, left=True, out=None", ("A", "B"), 1),
        ("solve_triangular", "A, B, *, upper, left=True, unitriangular=False, out=None", ("A", "B"), 1),
        ("solve_ex", "A, B, *, left=True, check_errors=False, out=None", ("A", "B"), 2),
        ("svd", "A, full_matrices=True, *, driver=None, out=None", ("A",), 3),
        ("svdvals", "A, *, driver=None, out=None", ("A",), 1),
    )
}

# -- what is a function only, or a method only ---------------------------------------------------------------------------

SHARED: dict[str, FunctionSpec] = {**_ELEMENTWISE, **_REDUCTIONS, **_PRODUCTS, **_ORDERINGS, **_MATRIX_FUNCTIONS}

_of_pattern = unknown("the dimensions that an einops pattern reduces")


def _reduction(arguments: Arguments) -> str:
    """The name of an einops reduction; a function in its place is unnamed."""
    reduction = arguments["reduction"]
    return reduction if isinstance(reduction, str) else "einops.reduce"


LAYERS: dict[str, LayerSpec] = {
    "torch.nn.CosineSimilarity": LayerSpec(
        "dim=1, eps=1e-08", template(Reduce, how="cosine_similarity"), call="x1, x2", tensors=("x1", "x2")
    ),
    "torch.nn.PairwiseDistance": LayerSpec(
        "p=2.0, eps=1e-06, keepdim=False",
        template(Reduce, how="pairwise_distance", dim=-1, order=argument("p")),
        call="x1, x2",
        tensors=("x1", "x2"),
    ),
    "einops.layers.torch.Reduce": LayerSpec("pattern, reduction, **axes_lengths", template(Reduce, how=_reduction, dim=_of_pattern)),
}

_WHERE = "condition, input, other, *, out=None | condition"

FUNCTIONS: dict[str, FunctionSpec] = {
    **{f"torch.special.{name}": _elementwise(_UNARY, name) for name in _SPECIAL_OF_ONE.split()},
    **{f"torch.special.{name}": _elementwise(_BINARY, name, _BOTH) for name in ("xlog1py", "zeta")},
    **{f"torch.linalg.{name}": spec for name, spec in _LINALG.items()},
    "torch.special.log_softmax": FunctionSpec("input, dim, *, dtype=None", _INPUT, template(LogSoftmax)),
    "torch.special.softmax": FunctionSpec("input, dim, *, dtype=None", _INPUT, template(Softmax)),
    "torch.rsub": FunctionSpec("input, other, *, alpha=1 | input, other, alpha=1", ("other", "input"), template(Sub)),
    "torch.where": FunctionSpec(
        _WHERE,
        ("condition", "input", "other"),
        lambda arguments: Rearrange(how="nonzero") if arguments["other"] is None else Elementwise(how="where"),
        lambda arguments: SEVERAL if arguments["other"] is None else None,
    ),
    **{f"torch.special.{name}": _elementwise("input, n, *, out=None", name, ("input", "n")) for name in _POLYNOMIALS.split()},
    "torch.trapezoid": FunctionSpec("y, x=None, *, dx=1, dim=-1", ("y", "x"), template(Reduce, how="trapezoid")),
    "torch.frobenius_norm": _reduce("input, dim, keepdim=False, *, out=None", "norm", order=2.0),
    "torch.polygamma": _elementwise("n, input, *, out=None", "polygamma"),
    "torch.complex": _elementwise("real, imag, *, out=None", "complex", ("real", "imag")),
    "torch.polar": _elementwise("abs, angle, *, out=None", "polar", ("abs", "angle")),
    "torch.isin": _compare(
        "elements, test_elements, *, assume_unique=False, invert=False, out=None", "isin", ("elements", "test_elements")
    ),
    "torch.bucketize": _compare("input, boundaries, *, out_int32=False, right=False, out=None", "bucketize"),
    "torch.std_mean": FunctionSpec(_SPREAD, _INPUT, template(Reduce, how="std_mean", dim=_dim), pair),
    "torch.var_mean": FunctionSpec(_SPREAD, _INPUT, template(Reduce, how="var_mean", dim=_dim), pair),
    "torch.norm": FunctionSpec(
        "input, p='fro', dim=None, keepdim=False, out=None, dtype=None", _INPUT, template(Reduce, how="norm", dim=_dim, order=_norm_order)
    ),
    "torch.linalg.norm": FunctionSpec(
        "input, ord=None, dim=None, keepdim=False, *, out=None, dtype=None",
        _INPUT,
        template(Reduce, how="norm", dim=_dim, order=_linalg_order),
    ),
    "torch.linalg.vector_norm": FunctionSpec(
        "x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None",
        ("x",),
        template(Reduce, how="norm", dim=_dim, order=argument("ord")),
    ),
    "torch.linalg.matrix_norm": FunctionSpec(
        "A, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None, out=None",
        ("A",),
        template(Reduce, how="norm", order=_matrix_order),
    ),
    "torch.nn.functional.cosine_similarity": FunctionSpec(
        "x1, x2, dim=1, eps=1e-08", ("x1", "x2"), template(Reduce, how="cosine_similarity")
    ),
    "torch.nn.functional.pairwise_distance": FunctionSpec(
        "x1, x2, p=2.0, eps=1e-06, keepdim=False", ("x1", "x2"), template(Reduce, how="pairwise_distance", dim=-1, order=argument("p"))
    ),
    "torch.nn.functional.pdist": _unseen("input, p=2", "pdist"),
    "torch.cdist": _unseen("x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary'", "cdist", ("x1", "x2")),
    "torch.einsum": FunctionSpec("equation, *operands", ("operands",), template(Einsum)),
    "einops.reduce": FunctionSpec(
        "tensor, pattern, reduction, **axes_lengths", ("tensor",), template(Reduce, how=_reduction, dim=_of_pattern)
    ),
    "torch.tensordot": _contraction("a, b, dims=2, out=None", "tensordot", "a", "b"),
    "torch.chain_matmul": _contraction("*matrices, out=None", "chain_matmul", "matrices"),
    "torch.linalg.multi_dot": _contraction("tensors, *, out=None", "multi_dot", "tensors"),
    "torch.linalg.cross": _contraction("input, other, *, dim=-1, out=None", "cross", *_BOTH),
    "torch.linalg.vecdot": _contraction("x, y, *, dim=-1, out=None", "vecdot", "x", "y"),
}

_IN_PLACE = (
    "abs acos acosh asin asinh atan atanh ceil clamp clamp_max clamp_min conj_physical cos cosh deg2rad erf erfc exp exp2 expm1 floor "
    "frac gcd i0 lcm ldexp log log10 log1p log2 logit nan_to_num neg rad2deg reciprocal round rsqrt sin sinc sinh sqrt square tan trunc "
    "xlogy"
)
FUNCTIONS |= {f"torch.{name}_": in_place(SHARED[name]) for name in _IN_PLACE.split()}

METHODS: dict[str, FunctionSpec] = {
    "norm": FunctionSpec(
        "input, p='fro', dim=None, keepdim=False, dtype=None", _INPUT, template(Reduce, how="norm", dim=_dim, order=_norm_order)
    ),
    "where": _elementwise("input, condition, other", "where", ("condition", "input", "other")),
    "polygamma": _elementwise("input, n", "polygamma"),
    "sum_to_size": FunctionSpec("input, *size", _INPUT, lambda _: Reduce(how="sum", dim=Unknown("the dimensions that `sum_to_size` sums"))),
    "bernoulli": _unseen("input, p=None, *, generator=None", "bernoulli"),
}
