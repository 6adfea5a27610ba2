"""Losses, as layers and as functions. `Loss.how` is the functional's name for those without a class of their own."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import Arguments, FunctionSpec, LayerSpec
from netlint.frontends.torch_api.template import template
from netlint.graph.operator import Operator
from netlint.graph.operators import BCE, MSE, NLL, BCEWithLogits, CrossEntropy, KLDivergence, Loss
from netlint.graph.unknown import Unknown

_TARGET = ("input", "target")
_REDUCTION = "size_average=None, reduce=None, reduction='mean'"


def _reduction(arguments: Arguments) -> object:
    """`reduction`, unless one of the two deprecated flags is given: they win (torch/nn/_reduction.py)."""
    average, reduce = arguments.get("size_average"), arguments.get("reduce")
    if average is None and reduce is None:
        return arguments["reduction"]
    for flag in (average, reduce):
        if not isinstance(flag, (bool, int, type(None))):
            return flag if isinstance(flag, Unknown) else Unknown("a deprecated flag of the loss")
    if reduce is not None and not reduce:
        return "none"
    return "mean" if average is None or average else "sum"


def _layer(signature: str, kind: type[Loss], call: str = "input, target", tensors: tuple[str, ...] = (), **fixed: object) -> LayerSpec:
    return LayerSpec(signature, template(kind, reduction=_reduction, **fixed), call, tensors or tuple(call.split(", ")))


def _function(signature: str, kind: type[Loss], tensors: tuple[str, ...] = _TARGET, **fixed: object) -> FunctionSpec:
    return FunctionSpec(signature, tensors, template(kind, reduction=_reduction, **fixed))


_PAIR = "input1, input2, target"
_TRIPLET = "anchor, positive, negative"
_CTC = "log_probs, targets, input_lengths, target_lengths"
_WEIGHTED = f"weight=None, {_REDUCTION}"
_CLASSES = "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'"
_POISSON = "log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean'"
_MULTI_MARGIN = f"p=1, margin=1.0, weight=None, {_REDUCTION}"
_TRIPLET_MARGIN = f"margin=1.0, p=2, eps=1e-06, swap=False, {_REDUCTION}"
_TRIPLET_DISTANCE = "*, distance_function=None, margin=1.0, swap=False, reduction='mean'"


def _unseen(_: Arguments) -> Operator | None:
    """A loss with learned weights of its own, which no operator describes."""
    return None


LAYERS: dict[str, LayerSpec] = {
    "torch.nn.CrossEntropyLoss": _layer(f"{_CLASSES}, label_smoothing=0.0", CrossEntropy),
    "torch.nn.NLLLoss": _layer(_CLASSES, NLL),
    "torch.nn.BCELoss": _layer(_WEIGHTED, BCE),
    "torch.nn.BCEWithLogitsLoss": _layer(f"{_WEIGHTED}, pos_weight=None", BCEWithLogits),
    "torch.nn.MSELoss": _layer(_REDUCTION, MSE),
    "torch.nn.KLDivLoss": _layer(f"{_REDUCTION}, log_target=False", KLDivergence),
    "torch.nn.L1Loss": _layer(_REDUCTION, Loss, how="l1_loss"),
    "torch.nn.SmoothL1Loss": _layer(f"{_REDUCTION}, beta=1.0", Loss, how="smooth_l1_loss"),
    "torch.nn.HuberLoss": _layer("reduction='mean', delta=1.0", Loss, how="huber_loss"),
    "torch.nn.SoftMarginLoss": _layer(_REDUCTION, Loss, how="soft_margin_loss"),
    "torch.nn.MultiLabelMarginLoss": _layer(_REDUCTION, Loss, how="multilabel_margin_loss"),
    "torch.nn.MultiLabelSoftMarginLoss": _layer(_WEIGHTED, Loss, how="multilabel_soft_margin_loss"),
    "torch.nn.MultiMarginLoss": _layer(_MULTI_MARGIN, Loss, how="multi_margin_loss"),
    "torch.nn.HingeEmbeddingLoss": _layer(f"margin=1.0, {_REDUCTION}", Loss, how="hinge_embedding_loss"),
    "torch.nn.PoissonNLLLoss": _layer(_POISSON, Loss, "log_input, target", how="poisson_nll_loss"),
    "torch.nn.GaussianNLLLoss": _layer("*, full=False, eps=1e-06, reduction='mean'", Loss, "input, target, var", how="gaussian_nll_loss"),
    "torch.nn.CTCLoss": _layer("blank=0, reduction='mean', zero_infinity=False", Loss, _CTC, ("log_probs", "targets"), how="ctc_loss"),
    "torch.nn.CosineEmbeddingLoss": _layer(f"margin=0.0, {_REDUCTION}", Loss, _PAIR, how="cosine_embedding_loss"),
    "torch.nn.MarginRankingLoss": _layer(f"margin=0.0, {_REDUCTION}", Loss, _PAIR, how="margin_ranking_loss"),
    "torch.nn.TripletMarginLoss": _layer(_TRIPLET_MARGIN.replace("p=2", "p=2.0"), Loss, _TRIPLET, how="triplet_margin_loss"),
    "torch.nn.TripletMarginWithDistanceLoss": _layer(_TRIPLET_DISTANCE, Loss, _TRIPLET, how="triplet_margin_with_distance_loss"),
    "torch.nn.AdaptiveLogSoftmaxWithLoss": LayerSpec(
        "in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, device=None, dtype=None",
        _unseen,
        "input_, target_",
        ("input_", "target_"),
        lambda _: (0, 1),
    ),
    "torch.nn.LinearCrossEntropyLoss": LayerSpec(
        "in_features, num_classes, *, out_features=(), bias=False, device=None, dtype=None, reduction='mean', weight=None, "
        "ignore_index=None, label_smoothing=0.0, options=None",
        _unseen,
        "input, target",
        _TARGET,
    ),
}

_FUNCTIONAL: dict[str, FunctionSpec] = {
    "cross_entropy": _function(f"input, target, {_CLASSES}, label_smoothing=0.0", CrossEntropy),
    "nll_loss": _function(f"input, target, {_CLASSES}", NLL),
    "binary_cross_entropy": _function(f"input, target, {_WEIGHTED}", BCE),
    "binary_cross_entropy_with_logits": _function(f"input, target, {_WEIGHTED}, pos_weight=None", BCEWithLogits),
    "mse_loss": _function(f"input, target, {_REDUCTION}, weight=None", MSE),
    "kl_div": _function(f"input, target, {_REDUCTION}, log_target=False", KLDivergence),
    "l1_loss": _function(f"input, target, {_REDUCTION}, weight=None", Loss, how="l1_loss"),
    "smooth_l1_loss": _function(f"input, target, {_REDUCTION}, beta=1.0", Loss, how="smooth_l1_loss"),
    "huber_loss": _function("input, target, reduction='mean', delta=1.0, weight=None", Loss, how="huber_loss"),
    "soft_margin_loss": _function(f"input, target, {_REDUCTION}", Loss, how="soft_margin_loss"),
    "multilabel_margin_loss": _function(f"input, target, {_REDUCTION}", Loss, how="multilabel_margin_loss"),
    "multilabel_soft_margin_loss": _function(f"input, target, {_WEIGHTED}", Loss, how="multilabel_soft_margin_loss"),
    "multi_margin_loss": _function(f"input, target, {_MULTI_MARGIN}", Loss, how="multi_margin_loss"),
    "hinge_embedding_loss": _function(f"input, target, margin=1.0, {_REDUCTION}", Loss, how="hinge_embedding_loss"),
    "poisson_nll_loss": _function(f"input, target, {_POISSON}", Loss, how="poisson_nll_loss"),
    "gaussian_nll_loss": _function(
        "input, target, var, full=False, eps=1e-06, reduction='mean'", Loss, ("input", "target", "var"), how="gaussian_nll_loss"
    ),
    "ctc_loss": _function(f"{_CTC}, blank=0, reduction='mean', zero_infinity=False", Loss, ("log_probs", "targets"), how="ctc_loss"),
    "cosine_embedding_loss": _function(
        f"{_PAIR}, margin=0, {_REDUCTION}", Loss, ("input1", "input2", "target"), how="cosine_embedding_loss"
    ),
    "margin_ranking_loss": _function(f"{_PAIR}, margin=0, {_REDUCTION}", Loss, ("input1", "input2", "target"), how="margin_ranking_loss"),
    "triplet_margin_loss": _function(f"{_TRIPLET}, {_TRIPLET_MARGIN}", Loss, ("anchor", "positive", "negative"), how="triplet_margin_loss"),
    "triplet_margin_with_distance_loss": _function(
        f"{_TRIPLET}, {_TRIPLET_DISTANCE}", Loss, ("anchor", "positive", "negative"), how="triplet_margin_with_distance_loss"
    ),
    "linear_cross_entropy": _function(
        "input, linear_weight, target, *, linear_bias=None, weight=None, reduction='mean', ignore_index=None, label_smoothing=0.0, "
        "options=None",
        Loss,
        ("input", "target", "linear_weight", "linear_bias"),
        how="linear_cross_entropy",
    ),
}

_SIGMOID_FOCAL = "inputs, targets, alpha=0.25, gamma=2, reduction='none'"

FUNCTIONS: dict[str, FunctionSpec] = {
    **{f"torch.nn.functional.{name}": spec for name, spec in _FUNCTIONAL.items()},
    "torchvision.ops.sigmoid_focal_loss": _function(_SIGMOID_FOCAL, Loss, ("inputs", "targets"), how="sigmoid_focal_loss"),
}
