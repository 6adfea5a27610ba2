"""torch's module classes as classes: the containers, and what derives from what (for `isinstance` and user subclasses)."""

from __future__ import annotations

from collections.abc import Mapping

_CONTAINERS = "Sequential ModuleList ModuleDict ParameterList ParameterDict"
CONTAINERS: frozenset[str] = frozenset(f"torch.nn.{name}" for name in _CONTAINERS.split())
"""The modules that only hold others."""


def _each(names: str, dims: bool = False) -> list[str]:
    """The qualified names of classes; with `dims`, of their three variants (`Conv1d` ...)."""
    return [f"torch.nn.{name}{suffix}" for name in names.split() for suffix in (("1d", "2d", "3d") if dims else ("",))]


_CONV = "torch.nn.modules.conv."
_BATCH_NORM = "torch.nn.modules.batchnorm."
_PADDING = "torch.nn.modules.padding."
_POOLING = "torch.nn.modules.pooling."
_LOSS = "torch.nn.modules.loss."
_INSTANCE_NORM = "torch.nn.modules.instancenorm._InstanceNorm"
_DROPOUT = "torch.nn.modules.dropout._DropoutNd"
_LAZY = "torch.nn.LazyModuleMixin"
_WEIGHTED = "BCELoss CrossEntropyLoss LinearCrossEntropyLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss"
_UNWEIGHTED = (
    "BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss "
    "MultiLabelMarginLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss"
)

BASES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_each("Conv", dims=True), (f"{_CONV}_ConvNd",)),
    **dict.fromkeys(_each("ConvTranspose", dims=True), (f"{_CONV}_ConvTransposeNd", f"{_CONV}_ConvNd")),
    **dict.fromkeys([*_each("BatchNorm", dims=True), "torch.nn.SyncBatchNorm"], (f"{_BATCH_NORM}_BatchNorm", f"{_BATCH_NORM}_NormBase")),
    **dict.fromkeys(_each("InstanceNorm", dims=True), (_INSTANCE_NORM, f"{_BATCH_NORM}_NormBase")),
    **{f"torch.nn.LazyConv{n}d": (_LAZY, f"torch.nn.Conv{n}d", f"{_CONV}_ConvNd") for n in (1, 2, 3)},
    **{
        f"torch.nn.LazyConvTranspose{n}d": (_LAZY, f"torch.nn.ConvTranspose{n}d", f"{_CONV}_ConvTransposeNd", f"{_CONV}_ConvNd")
        for n in (1, 2, 3)
    },
    **dict.fromkeys(_each("LazyBatchNorm", dims=True), (_LAZY, f"{_BATCH_NORM}_BatchNorm", f"{_BATCH_NORM}_NormBase")),
    **dict.fromkeys(_each("LazyInstanceNorm", dims=True), (_LAZY, _INSTANCE_NORM, f"{_BATCH_NORM}_NormBase")),
    "torch.nn.LazyLinear": (_LAZY, "torch.nn.Linear"),
    **dict.fromkeys(
        _each("Dropout", dims=True) + _each("Dropout AlphaDropout FeatureAlphaDropout"), ("torch.nn.modules.dropout._DropoutNd",)
    ),
    **{
        name: (f"{_POOLING}_{family}Nd",)
        for family in ["AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "LPPool", "MaxPool", "MaxUnpool"]
        for name in _each(family, dims=True)
    },
    **{
        name: (f"{_PADDING}_{family}Nd",)
        for family in ["CircularPad", "ConstantPad", "ReflectionPad", "ReplicationPad"]
        for name in _each(family, dims=True)
    },
    **{f"torch.nn.ZeroPad{n}d": (f"torch.nn.ConstantPad{n}d", f"{_PADDING}_ConstantPadNd") for n in (1, 2, 3)},
    **dict.fromkeys(_each(_WEIGHTED), (f"{_LOSS}_WeightedLoss", f"{_LOSS}_Loss")),
    **dict.fromkeys(_each(_UNWEIGHTED), (f"{_LOSS}_Loss",)),
    **dict.fromkeys(_each("RNN LSTM GRU"), ("torch.nn.RNNBase",)),
    **dict.fromkeys(_each("RNNCell LSTMCell GRUCell"), ("torch.nn.RNNCellBase",)),
    **dict.fromkeys(_each("UpsamplingNearest2d UpsamplingBilinear2d"), ("torch.nn.Upsample",)),
    "torch.nn.ReLU6": ("torch.nn.Hardtanh",),
    "torch.optim.AdamW": ("torch.optim.Adam",),
}
"""The classes between a class and `torch.nn.Module` (or `torch.optim.Optimizer`), nearest first, by canonical name."""
