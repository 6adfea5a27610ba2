"""Other public paths to the things in the table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from netlint.frontends.torch_api.training import OPTIMIZERS

RENAMED: Mapping[str, str] = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctanh": "atanh",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "divide": "div",
    "fix": "trunc",
    "ger": "outer",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "moveaxis": "movedim",
    "multiply": "mul",
    "negative": "neg",
    "not_equal": "ne",
    "subtract": "sub",
    "trapz": "trapezoid",
    "true_divide": "div",
}
"""Names in torch, and of tensor methods, for other names in torch with the same signature."""

_IN_FUNCTIONAL = (
    "adaptive_avg_pool1d avg_pool1d bilinear channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
    "cosine_similarity native_channel_shuffle pairwise_distance pdist pixel_shuffle pixel_unshuffle rms_norm"
)
"""The names in torch that are the same function as that of torch.nn.functional."""

_SAME_IN_SPECIAL = "digamma erf erfc erfinv exp2 expm1 i0 log1p logit logsumexp polygamma round sinc xlogy"
"""The names in torch.special that are the function of that name in torch."""

_SPECIAL: Mapping[str, str] = {
    **{name: name for name in _SAME_IN_SPECIAL.split()},
    "expit": "sigmoid",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "gammaln": "lgamma",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}

_MODULES: Mapping[str, str] = {
    # Definitions that live in a module of their own: the prefix falls away.
    "torch._C._nn.": "torch.nn.functional.",
    "torch._C._VariableFunctions.": "torch.",
    "torch._VF.": "torch.",
    "torch.functional.": "torch.",
    "torch.nn.parameter.": "torch.nn.",
    "torch.nn.parallel.data_parallel.": "torch.nn.",
    "torch.nn.parallel.distributed.": "torch.nn.parallel.",
    "torch.utils.data.dataloader.": "torch.utils.data.",
    "torch.utils.data.dataset.": "torch.utils.data.",
    "torch.utils.data.sampler.": "torch.utils.data.",
    "torch.autograd.grad_mode.": "torch.",
    "torchvision.ops.misc.": "torchvision.ops.",
    "torchvision.ops.stochastic_depth.": "torchvision.ops.",
    "torchvision.ops.drop_block.": "torchvision.ops.",
    "torchvision.ops.focal_loss.": "torchvision.ops.",
    "torchvision.transforms.transforms.": "torchvision.transforms.",
    "torchvision.transforms.autoaugment.": "torchvision.transforms.",
    "timm.layers.drop.": "timm.layers.",
    "timm.layers.weight_init.": "timm.layers.",
    "timm.models.layers.drop.": "timm.layers.",
    "timm.models.layers.weight_init.": "timm.layers.",
    "timm.models.layers.": "timm.layers.",
    "einops.einops.": "einops.",
    "torch.onnx.operators.": "torch.",
}

ALIASES: Mapping[str, str] = {
    **{f"torch.{name}": f"torch.{other}" for name, other in RENAMED.items()},
    **{f"torch.{name}_": f"torch.{other}_" for name, other in RENAMED.items()},
    **{f"torch.{name}": f"torch.nn.functional.{name}" for name in _IN_FUNCTIONAL.split()},
    **{f"torch.special.{name}": f"torch.{other}" for name, other in _SPECIAL.items()},
    "torch.nn.functional.sigmoid": "torch.sigmoid",
    "torch.nn.functional.tanh": "torch.tanh",
    "torch.linalg.matmul": "torch.matmul",
    "torch.nn.parallel.DataParallel": "torch.nn.DataParallel",
    "torch.nn.NLLLoss2d": "torch.nn.NLLLoss",
    "torch.autograd.no_grad": "torch.no_grad",
    "torch.autograd.enable_grad": "torch.enable_grad",
}
"""Names that are not those of the table, to the table's; `canonical` knows whole modules besides."""


@lru_cache(maxsize=20_000)
def canonical(name: str) -> str:
    """The table's name for a public name of torch, torchvision, timm or einops; any other name as it is."""
    known = ALIASES.get(name)
    if known is not None:
        return known
    for prefix, replacement in _MODULES.items():
        if name.startswith(prefix):
            return canonical(replacement + name.removeprefix(prefix))
    last = name.rpartition(".")[2]
    if name.startswith("torch.nn.modules.") and last[:1].isupper():
        return canonical(f"torch.nn.{last}")
    if name.startswith("torch.optim.") and (f"torch.optim.{last}" in OPTIMIZERS or last == "Optimizer"):
        return f"torch.optim.{last}"
    return name
