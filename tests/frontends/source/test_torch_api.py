"""The table of PyTorch's API: every entry builds, signatures bind as PyTorch's do, names resolve."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from netlint.frontends.torch_api import (
    ALIASES,
    BASES,
    CONTAINERS,
    CREATORS,
    CREATORS_LIKE,
    DATALOADER,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    METHODS,
    OPTIMIZERS,
    RANDOM_CREATORS,
    SEVERAL,
    TENSOR_INITIALIZERS,
    TRAINING_FLAG,
    TRANSFORMER_STACK_CALLS,
    TRANSFORMER_STACKS,
    UNCALLED,
    FunctionSpec,
    LayerSpec,
    Signature,
    SignatureError,
    canonical,
    is_random_transform,
)
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    AdaptiveAvgPool,
    Concat,
    Conv,
    CrossEntropy,
    Elementwise,
    Embedding,
    Identity,
    LayerNorm,
    Opaque,
    Pad,
    Permute,
    Pow,
    Reduce,
    ReLU,
    Reshape,
    RReLU,
    Slice,
    Split,
    Squeeze,
)
from netlint.graph.unknown import Unknown

TABLES: list[tuple[str, Mapping[str, LayerSpec] | Mapping[str, FunctionSpec]]] = [
    ("layer", LAYERS),
    ("function", FUNCTIONS),
    ("method", METHODS),
]
UNDESCRIBED = {"torch.nn.AdaptiveLogSoftmaxWithLoss", "torch.nn.LinearCrossEntropyLoss"}
"""The layers with parameters that no operator describes."""


class Stranger:
    """A value that a builder must not understand: a symbolic tensor, an object of the program that is read."""


def entries() -> Iterator[tuple[str, LayerSpec | FunctionSpec]]:
    for kind, table in TABLES:
        for name, spec in table.items():
            yield f"{kind} {name}", spec


def bound_with(signature: str, value: Callable[[], object]) -> dict[str, object]:
    """The arguments of the shortest call that fits, each `value()`."""
    parameters = Signature(signature)
    for count in range(len(parameters.names) + 1):
        for keywords in ({}, {"upper": value()}):  # `upper` is the one keyword that has no default
            try:
                return parameters.bind([value() for _ in range(count)], keywords)
            except SignatureError:
                continue
    raise AssertionError(f"nothing fits {signature}")


def layer(name: str, *args: object, **kwargs: object) -> Any:
    spec = LAYERS[f"torch.nn.{name}"]
    return spec.build(Signature(spec.signature).bind(args, kwargs))


def function(name: str, *args: object, **kwargs: object) -> Any:
    spec = FUNCTIONS[name]
    return spec.build(Signature(spec.signature).bind(args, kwargs))


def method(name: str, *args: object, **kwargs: object) -> Any:
    spec = METHODS[name]
    return spec.build(Signature(spec.signature).bind([Stranger(), *args], kwargs))


def structure(spec: FunctionSpec, *args: object, **kwargs: object) -> object:
    assert spec.results is not None
    return spec.results(Signature(spec.signature).bind(args, kwargs))


def settings(operator: Operator) -> dict[str, object]:
    placement = {field.name for field in dataclasses.fields(Operator)}
    return {field.name: getattr(operator, field.name) for field in dataclasses.fields(operator) if field.name not in placement}


# -- every entry ----------------------------------------------------------------------------------------------------------


def test_every_entry_builds_from_its_required_arguments() -> None:
    undescribed = set()
    for name, spec in entries():
        operator = spec.build(bound_with(spec.signature, lambda: 3))
        if operator is None:
            undescribed.add(name.removeprefix("layer "))
        else:
            assert isinstance(operator, Operator) and not operator.inputs, name
    assert undescribed == UNDESCRIBED


@pytest.mark.parametrize("value", [Stranger(), None, "text", -1, 2.5, [], (1, 2), [Stranger()], {}, True, Unknown("a reason")], ids=repr)
def test_builders_tolerate_any_argument(value: object) -> None:
    for name, spec in entries():
        bound = dict.fromkeys(Signature(spec.signature).names, value)
        operator = spec.build(bound)
        if operator is not None:
            strangers = [field for field, setting in settings(operator).items() if setting is value and isinstance(value, Stranger)]
            assert not strangers, name
        if isinstance(spec, FunctionSpec) and spec.results is not None:
            spec.results(bound)


def test_operands_are_parameters() -> None:
    for name, spec in entries():
        text = spec.call if isinstance(spec, LayerSpec) else spec.signature
        assert set(spec.tensors) <= set(Signature(text).names), name


def test_methods_start_with_the_tensor_itself() -> None:
    for name, spec in METHODS.items():
        assert Signature(spec.signature).names[0] == "input", name


def test_plain_signatures_parse() -> None:
    tables = (INITIALIZERS, TENSOR_INITIALIZERS, OPTIMIZERS, CREATORS_LIKE, TRANSFORMER_STACKS, TRANSFORMER_STACK_CALLS)
    for table in tables:
        for text in table.values():
            assert Signature(text).names
    assert TRANSFORMER_STACKS.keys() == TRANSFORMER_STACK_CALLS.keys()


def test_a_name_stands_in_one_table_only() -> None:
    names = [*LAYERS, *FUNCTIONS, *CREATORS, *CREATORS_LIKE, *INITIALIZERS, *OPTIMIZERS, *CONTAINERS, *TRANSFORMER_STACKS]
    assert len(names) == len(set(names))
    assert not set(names) & ALIASES.keys()
    assert {*CREATORS, *CREATORS_LIKE} >= RANDOM_CREATORS


# -- signatures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1,), {}, "missing argument `b`"),
        ((1, 2, 3, 4), {}, "4 positional arguments where at most 3"),
        ((1, 2), {"b": 3}, "argument `b` is given twice"),
        ((1, 2), {"e": 3}, "unexpected argument `e`"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(args: tuple[int, ...], kwargs: dict[str, int], message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        Signature("a, b, c=1, *, d=2").bind(args, kwargs)


def test_defaults_keywords_and_surplus() -> None:
    signature = Signature("a, b=(1, None), *rest, c='mean', **more")
    assert signature.bind([1], {}) == {"a": 1, "b": (1, None), "rest": (), "c": "mean", "more": {}}
    assert signature.bind([1, 2, 3, 4], {"c": "sum", "d": 5}) == {"a": 1, "b": 2, "rest": (3, 4), "c": "sum", "more": {"d": 5}}


def test_variadic_sizes_may_be_one_sequence_as_in_pytorch() -> None:
    signature = Signature("input, *size")
    for call in [(((2, 3),), {}), ((2, 3), {}), ((), {"size": (2, 3)}), (([2, 3],), {})]:
        assert signature.bind(["x", *call[0]], call[1])["size"] == (2, 3)


def test_numpy_names_of_common_parameters() -> None:
    assert method("sum", axis=1, keepdims=True).dim == 1
    assert function("torch.cat", [Stranger()], axis=-1).dim == -1
    with pytest.raises(SignatureError, match="unexpected argument `axis`"):
        method("relu", axis=1)


def test_overloads_are_told_apart_by_type() -> None:
    signature = Signature("input, dim: option=None | input, other: Tensor")
    other = Stranger()
    assert signature.bind(["x", 1], {}) == {"input": "x", "dim": 1, "other": None}
    assert signature.bind(["x", other], {}) == {"input": "x", "dim": None, "other": other}
    assert signature.bind(["x"], {"other": other})["other"] is other


# -- arguments become the operator's fields ---------------------------------------------------------------------------------


def test_one_number_stands_for_every_dimension() -> None:
    conv = layer("Conv3d", 1, 8, 3, padding=(1, 2, 3))
    assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3, 3), (1, 1, 1), (1, 2, 3))
    assert layer("Conv2d", 1, 8, [3, 5], padding="same").padding == "same"
    assert layer("ZeroPad2d", 1).pad == (1, 1, 1, 1)
    assert layer("LayerNorm", 6).normalized_shape == (6,)


def test_transposed_convolution_takes_its_arguments_in_its_own_order() -> None:
    conv = layer("ConvTranspose2d", 4, 8, 3, 2, 1, 1, 2, False, 3)
    assert isinstance(conv, Conv) and conv.transposed
    assert (conv.output_padding, conv.groups, conv.bias, conv.dilation) == ((1, 1), 2, False, (3, 3))


def test_what_is_not_an_option_is_unknown_with_the_arguments_name() -> None:
    conv = layer("Conv2d", Stranger(), "8", 3, bias=Stranger())
    assert "in_channels" in conv.in_channels.reason
    assert "out_channels" in conv.out_channels.reason and "'8'" in conv.out_channels.reason
    assert isinstance(conv.bias, Unknown)
    reason = Unknown("it depends on a branch")
    assert layer("Linear", reason, 3).in_features is reason


def test_flags_by_truth() -> None:
    assert layer("Linear", 1, 2, bias=None).bias is False
    assert layer("Linear", 1, 2, bias=1).bias is True
    assert layer("ReLU", True).inplace is True


def test_lazy_layers_do_not_share_an_unknown() -> None:
    first, second = layer("LazyConv2d", 4, 3), layer("LazyConv2d", 4, 3)
    assert isinstance(first.in_channels, Unknown) and first.in_channels is not second.in_channels


def test_pools_step_by_their_kernel_unless_told() -> None:
    assert layer("MaxPool2d", 3).stride == (3, 3)
    assert layer("MaxPool2d", 3, 2).stride == (2, 2)
    assert function("torch.max_pool2d", Stranger(), 2, []).stride == (2, 2)
    adaptive = layer("AdaptiveAvgPool2d", (None, 7))
    assert isinstance(adaptive, AdaptiveAvgPool) and adaptive.output_size == (None, 7)


def test_deprecated_bounds_of_hardtanh_win() -> None:
    assert layer("Hardtanh", 0, 6, min_value=-2).min_val == -2.0
    assert layer("Hardtanh", 0, 6).max_val == 6.0


def test_functional_weights_are_unknown_but_for_the_bias() -> None:
    conv = function("torch.nn.functional.conv2d", Stranger(), Stranger(), Stranger(), 2)
    assert isinstance(conv.kernel_size, Unknown) and conv.stride == (2, 2) and conv.bias is True
    assert function("torch.nn.functional.conv2d", Stranger(), Stranger()).bias is False
    norm = function("torch.nn.functional.layer_norm", Stranger(), (4, 5))
    assert isinstance(norm, LayerNorm) and norm.normalized_shape == (4, 5) and norm.elementwise_affine is False


def test_norms_without_a_shift_are_not_described() -> None:
    assert layer("BatchNorm2d", 4, bias=False) is None
    assert layer("BatchNorm2d", 4).num_features == 4


@pytest.mark.parametrize(
    ("options", "reduction"),
    [
        ({}, "mean"),
        ({"reduction": "sum"}, "sum"),
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
    ],
)
def test_deprecated_flags_of_losses(options: dict[str, object], reduction: str) -> None:
    loss = layer("CrossEntropyLoss", **options)
    assert isinstance(loss, CrossEntropy) and loss.reduction == reduction


def test_losses_without_a_class_have_the_functionals_name() -> None:
    for name, spec in LAYERS.items():
        operator = spec.build(bound_with(spec.signature, lambda: 3))
        how = getattr(operator, "how", "")
        if name.endswith("Loss") and how:
            assert f"torch.nn.functional.{how}" in FUNCTIONS


# -- training mode ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "training", "explicit"),
    [
        ({}, True, False),
        ({"training": TRAINING_FLAG}, None, True),
        ({"training": True}, True, True),
        ({"training": False}, False, True),
        ({"training": UNCALLED}, True, False),
    ],
)
def test_how_functional_dropout_was_told_its_mode(told: dict[str, object], training: object, explicit: bool) -> None:
    dropout = function("torch.nn.functional.dropout", Stranger(), 0.3, **told)
    assert (dropout.p, dropout.training, dropout.explicit) == (0.3, training, explicit)


def test_a_mode_that_cannot_be_seen_is_unknown() -> None:
    assert isinstance(function("torch.nn.functional.dropout", Stranger(), training=Stranger()).training, Unknown)


def test_each_functional_has_pytorchs_own_default_mode() -> None:
    assert function("torch.nn.functional.alpha_dropout", Stranger()).training is False
    assert function("torch.nn.functional.batch_norm", Stranger(), None, None).training is False
    rrelu = function("torch.nn.functional.rrelu", Stranger())
    assert isinstance(rrelu, RReLU) and rrelu.training is False
    assert function("torch.nn.functional.rrelu", Stranger(), training=TRAINING_FLAG).training is None
    assert function("torch.dropout", Stranger(), 0.5, False).training is False


def test_modules_follow_their_own_mode() -> None:
    assert layer("Dropout", 0.2).training is None and layer("Dropout", 0.2).explicit is True
    assert layer("BatchNorm1d", 3).training is None


def test_the_training_flag_is_true() -> None:
    assert TRAINING_FLAG and repr(TRAINING_FLAG) == "self.training"


# -- results ----------------------------------------------------------------------------------------------------------------


def test_layers_with_several_results() -> None:
    def results(name: str, *args: object, **kwargs: object) -> object:
        spec = LAYERS[f"torch.nn.{name}"]
        assert spec.results is not None
        operator = layer(name, *args, **kwargs)
        return spec.results(operator)

    assert results("LSTM", 4, 5) == (0, (1, 2))
    assert results("GRU", 4, 5) == (0, 1)
    assert results("LSTMCell", 4, 5) == (0, 1)
    assert results("MultiheadAttention", 8, 2) == (0, 1)
    assert results("MaxPool2d", 2) is None
    assert results("MaxPool2d", 2, return_indices=True) == (0, 1)


def test_max_in_its_three_meanings() -> None:
    spec, other = METHODS["max"], Stranger()
    assert structure(spec, Stranger()) is None
    assert structure(spec, Stranger(), 1) == (0, 1)
    assert structure(spec, Stranger(), other) is None
    assert method("max", 1, keepdim=True).keepdim is True
    pairwise = method("max", other)
    assert isinstance(pairwise, Elementwise) and pairwise.how == "maximum"


def test_standard_deviation_by_dimension_or_flag() -> None:
    assert method("std", False).dim is None
    assert method("std", 1, False).dim == 1
    assert method("var", dim=(0, 1), correction=0).dim == (0, 1)


def test_pieces() -> None:
    assert structure(METHODS["chunk"], Stranger(), 3, 1) == (0, 1, 2)
    assert structure(METHODS["chunk"], Stranger(), Unknown("n")) is SEVERAL
    assert structure(METHODS["chunk"], Stranger(), 10**12) is SEVERAL
    assert structure(METHODS["split"], Stranger(), 4) is SEVERAL
    assert structure(FUNCTIONS["torch.split"], Stranger(), [1, 2, 3], dim=1) == (0, 1, 2)
    assert structure(METHODS["unbind"], Stranger()) is SEVERAL
    assert structure(METHODS["tensor_split"], Stranger(), (2, 5)) == (0, 1, 2)
    split = method("split", [1, 2], 1)
    assert isinstance(split, Split) and (split.sizes, split.pieces, split.dim) == ((1, 2), 2, 1)
    assert method("tensor_split", (2, 5)).sizes[:2] == (2, 3)
    assert method("unbind", 1).keep_dim is False


def test_where_with_and_without_values() -> None:
    assert structure(FUNCTIONS["torch.where"], Stranger()) is SEVERAL
    assert structure(FUNCTIONS["torch.where"], Stranger(), 0, 1) is None


def test_results_of_what_no_operator_describes() -> None:
    assert structure(FUNCTIONS["torch.linalg.svd"], Stranger()) == (0, 1, 2)
    assert isinstance(function("torch.linalg.svd", Stranger()), Opaque)


# -- shapes and arithmetic ----------------------------------------------------------------------------------------------------


def test_views() -> None:
    reshape = method("view", 2, -1)
    assert isinstance(reshape, Reshape) and reshape.sizes == (2, -1)
    assert method("view", (2, -1)).sizes == (2, -1)
    batch = Unknown("the batch size")
    assert method("view", batch, 4).sizes == (batch, 4)
    assert method("view", batch).sizes is batch, "one unknown may be a whole shape"
    assert isinstance(method("view", "torch.float32").sizes, Unknown)


def test_permutations() -> None:
    permute = method("permute", 0, 2, 1)
    assert isinstance(permute, Permute) and permute.order == (0, 2, 1)
    assert method("transpose", -2, -1).swap == (-2, -1)
    assert method("t").swap == (0, 1)


def test_squeeze_of_all_one_or_several() -> None:
    squeeze = method("squeeze")
    assert isinstance(squeeze, Squeeze) and squeeze.dim is None
    assert method("squeeze", 1).dim == 1
    assert method("squeeze", (1, 2)).dim == (1, 2)


def test_selection_along_a_dimension_is_indexing() -> None:
    select = method("select", 1, 0)
    assert isinstance(select, Slice) and select.index == (slice(None), 0)
    assert method("narrow", -1, 2, 3).index == (Ellipsis, slice(2, 5))
    assert method("narrow", -2, 0, 1).index == (Ellipsis, slice(0, 1), slice(None))


def test_the_order_of_a_norm() -> None:
    norm = method("norm")
    assert isinstance(norm, Reduce) and norm.order == 2.0
    assert method("norm", 1).order == 1.0
    assert function("torch.linalg.norm", Stranger(), 1, dim=0).order == 1.0
    assert isinstance(function("torch.linalg.norm", Stranger(), 2).order, Unknown), "the operator norm if it is a matrix"
    assert function("torch.linalg.vector_norm", Stranger()).order == 2.0


def test_powers() -> None:
    assert [method(name).exponent for name in ("square", "sqrt", "rsqrt")] == [2.0, 0.5, -0.5]
    power = method("pow", 3)
    assert isinstance(power, Pow) and power.exponent == 3.0
    assert method("pow", Stranger()).exponent is None


def test_padding_and_joins() -> None:
    pad = function("torch.nn.functional.pad", Stranger(), (1, 2))
    assert isinstance(pad, Pad) and (pad.pad, pad.mode, pad.value) == ((1, 2), "constant", 0.0)
    joined = function("torch.cat", (Stranger(), Stranger()), 1)
    assert isinstance(joined, Concat) and joined.dim == 1


def test_in_place_functions_say_so() -> None:
    for name in ("torch.relu_", "torch.nn.functional.relu_", "torch.sigmoid_", "torch.clamp_"):
        assert function(name, Stranger()).inplace is True
    assert function("torch.nn.functional.relu", Stranger(), True).inplace is True
    assert function("torch.relu", Stranger()).inplace is False


def test_functional_and_module_forms_agree() -> None:
    for operator in (layer("ReLU"), function("torch.relu", Stranger()), function("torch.nn.functional.relu", Stranger()), method("relu")):
        assert type(operator) is ReLU


# -- creators ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "shape"),
    [
        ("zeros", (2, 3), {}, (2, 3)),
        ("zeros", ((2, 3),), {"dtype": None}, (2, 3)),
        ("rand", (), {"size": [4]}, (4,)),
        ("empty", ((),), {}, ()),
        ("full", ((2, 2), 1.0), {}, (2, 2)),
        ("arange", (7,), {}, (7,)),
        ("arange", (1, 8, 2), {}, (4,)),
        ("arange", (5, 0, -2), {}, (3,)),
        ("arange", (), {"start": 2, "end": 4}, (2,)),
        ("range", (0, 4), {}, (5,)),
        ("linspace", (0, 1), {"steps": 9}, (9,)),
        ("eye", (3,), {}, (3, 3)),
        ("eye", (3, 4), {}, (3, 4)),
        ("tensor", ([[1, 2], [3, 4], [5, 6]],), {}, (3, 2)),
        ("tensor", (1.5,), {}, ()),
        ("tensor", ([[1, 2], [3]],), {}, None),
        ("tensor", (Stranger(),), {}, None),
        ("randint", (10, (2, 3)), {}, (2, 3)),
        ("randint", (0, 10, (2, 3)), {}, (2, 3)),
        ("randperm", (5,), {}, (5,)),
        ("Tensor", (2, 3), {}, (2, 3)),
        ("Tensor", ([2, 3],), {}, (2,)),
        ("Tensor.new_zeros", (2, 3), {}, (2, 3)),
        ("zeros", (Unknown("a whole shape, perhaps"),), {}, None),
        ("zeros", (2,), {"colour": 1}, None),
    ],
)
def test_shape_of_a_new_tensor(name: str, args: tuple[object, ...], kwargs: dict[str, object], shape: object) -> None:
    assert CREATORS[f"torch.{name}"](args, kwargs) == shape


def test_lists_that_contain_themselves_or_each_other_many_times() -> None:
    endless: list[object] = []
    endless += [endless, endless]
    assert CREATORS["torch.tensor"]((endless,), {}) is None
    assert method("clamp", endless).arguments[0] is endless
    doubled: list[object] = [1, 1]
    for _ in range(50):
        doubled = [doubled, doubled]
    assert CREATORS["torch.tensor"]((doubled,), {}) == (2,) * 51
    assert method("clamp", doubled).arguments[0] is doubled


def test_unknown_sizes_stay_in_the_shape() -> None:
    batch = Unknown("the batch size")
    assert CREATORS["torch.zeros"]((batch, 4), {}) == (batch, 4)
    assert CREATORS["torch.arange"]((batch,), {}) == (batch,)


# -- names ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torch.nn.modules.conv.Conv2d", "torch.nn.Conv2d"),
        ("torch.nn.modules.Conv2d", "torch.nn.Conv2d"),
        ("torch.nn.modules.batchnorm._BatchNorm", "torch.nn.modules.batchnorm._BatchNorm"),
        ("torch.nn.modules.utils._pair", "torch.nn.modules.utils._pair"),
        ("torch.nn.functional.tanh", "torch.tanh"),
        ("torch.special.expit", "torch.sigmoid"),
        ("torch.concat", "torch.cat"),
        ("torch.functional.einsum", "torch.einsum"),
        ("torch._C._nn.gelu", "torch.nn.functional.gelu"),
        ("torch.conv2d", "torch.nn.functional.conv2d"),
        ("torch.optim.adamw.AdamW", "torch.optim.AdamW"),
        ("torch.optim.lr_scheduler.StepLR", "torch.optim.lr_scheduler.StepLR"),
        ("torch.nn.parameter.Parameter", "torch.nn.Parameter"),
        ("torchvision.ops.misc.FrozenBatchNorm2d", "torchvision.ops.FrozenBatchNorm2d"),
        ("timm.models.layers.DropPath", "timm.layers.DropPath"),
        ("timm.models.layers.weight_init.trunc_normal_", "timm.layers.trunc_normal_"),
        ("some.library.Conv2d", "some.library.Conv2d"),
    ],
)
def test_canonical_names(name: str, expected: str) -> None:
    assert canonical(name) == expected
    assert canonical(expected) == expected


def test_aliases_lead_into_the_tables() -> None:
    elsewhere = {"torch.no_grad", "torch.enable_grad", "torch.nn.DataParallel"}
    for alias, name in ALIASES.items():
        assert canonical(alias) == name
        assert canonical(name) == name
        assert name in LAYERS or name in FUNCTIONS or name in elsewhere or name.endswith("_"), alias


def test_renamed_methods() -> None:
    assert METHODS["multiply"] is METHODS["mul"]
    assert METHODS["clip"] is METHODS["clamp"]


def test_what_derives_from_what() -> None:
    assert "torch.nn.modules.batchnorm._BatchNorm" in BASES["torch.nn.BatchNorm2d"]
    assert "torch.nn.modules.dropout._DropoutNd" in BASES["torch.nn.Dropout"]
    assert "torch.nn.Hardtanh" in BASES["torch.nn.ReLU6"]
    assert BASES.keys() <= {*LAYERS, *OPTIMIZERS}


# -- training ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "decay", "rate"), [("SGD", 0, 0.001), ("Adam", 0, 0.001), ("AdamW", 0.01, 0.001), ("RMSprop", 0, 0.01), ("Adadelta", 0, 1.0)]
)
def test_defaults_of_optimizers(name: str, decay: float, rate: float) -> None:
    bound = Signature(OPTIMIZERS[f"torch.optim.{name}"]).bind([[]], {})
    assert (bound["weight_decay"], bound["lr"]) == (decay, rate)


def test_defaults_of_the_data_loader() -> None:
    bound = Signature(DATALOADER).bind(["data"], {"batch_size": 32})
    assert (bound["batch_size"], bound["drop_last"], bound["shuffle"]) == (32, False, None)


def test_random_transforms() -> None:
    assert is_random_transform("torchvision.transforms.RandomCrop")
    assert is_random_transform("torchvision.transforms.v2.MixUp")
    assert is_random_transform("albumentations.HorizontalFlip")
    assert is_random_transform("kornia.augmentation.RandomAffine")
    assert not is_random_transform("torchvision.transforms.CenterCrop")
    assert not is_random_transform("albumentations.pytorch.ToTensorV2")


def test_initializers_have_their_deprecated_names() -> None:
    assert INITIALIZERS["torch.nn.init.xavier_uniform"] == INITIALIZERS["torch.nn.init.xavier_uniform_"]
    assert "torch.nn.init.trunc_normal" not in INITIALIZERS
    assert {"zero_", "fill_", "normal_", "uniform_"} <= TENSOR_INITIALIZERS.keys()


def test_pretrained_embeddings() -> None:
    spec = LAYERS["torch.nn.Embedding.from_pretrained"]
    table = spec.build(Signature(spec.signature).bind([Stranger()], {"padding_idx": 0}))
    assert isinstance(table, Embedding) and table.padding_idx == 0 and isinstance(table.num_embeddings, Unknown)


def test_a_conversion_is_not_asked_for_its_text() -> None:
    """`x.to(y)` with a tensor of a deep network: its text would be as long as the network has paths."""

    class Deep:
        def __repr__(self) -> str:
            raise AssertionError("the text of a value was asked for")

    convert = METHODS["to"].build
    assert isinstance(convert({"args": (Deep(),), "kwargs": {"other": Deep()}, "dtype": None}), Identity)
    assert convert({"args": ("torch.int64",), "kwargs": {}, "dtype": None}).name == "int64"
