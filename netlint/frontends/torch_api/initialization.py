"""Initialisers of parameters: `torch.nn.init`, and the in-place tensor methods that overwrite all elements."""

from __future__ import annotations

from collections.abc import Mapping

_INIT: Mapping[str, str] = {
    "uniform": "tensor, a=0.0, b=1.0, generator=None",
    "normal": "tensor, mean=0.0, std=1.0, generator=None",
    "constant": "tensor, val",
    "eye": "tensor",
    "dirac": "tensor, groups=1",
    "xavier_uniform": "tensor, gain=1.0, generator=None",
    "xavier_normal": "tensor, gain=1.0, generator=None",
    "kaiming_uniform": "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None",
    "kaiming_normal": "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None",
    "orthogonal": "tensor, gain=1, generator=None",
    "sparse": "tensor, sparsity, std=0.01, generator=None",
}
"""Those that PyTorch has under a deprecated name without the underscore, too."""

INITIALIZERS: Mapping[str, str] = {
    **{f"torch.nn.init.{name}_": signature for name, signature in _INIT.items()},
    **{f"torch.nn.init.{name}": signature for name, signature in _INIT.items()},
    "torch.nn.init.trunc_normal_": "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None",
    "torch.nn.init.ones_": "tensor",
    "torch.nn.init.zeros_": "tensor",
    "timm.layers.trunc_normal_": "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0",
    "timm.layers.trunc_normal_tf_": "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0",
    "timm.layers.variance_scaling_": "tensor, scale=1.0, mode='fan_in', distribution='normal'",
    "timm.layers.lecun_normal_": "tensor",
}
"""The initialisers by qualified name, with their signatures; the first parameter is overwritten."""

TENSOR_INITIALIZERS: Mapping[str, str] = {
    "zero_": "input",
    "fill_": "input, value",
    "uniform_": "input, from_=0.0, to=1.0, *, generator=None",
    "normal_": "input, mean=0.0, std=1.0, *, generator=None",
    "log_normal_": "input, mean=1.0, std=2.0, *, generator=None",
    "exponential_": "input, lambd=1.0, *, generator=None",
    "cauchy_": "input, median=0.0, sigma=1.0, *, generator=None",
    "geometric_": "input, p, *, generator=None",
    "bernoulli_": "input, p=0.5, *, generator=None",
    "random_": "input, from_=None, to=None, *, generator=None",
}
"""The tensor methods that overwrite all elements, with their signatures; `input` is the tensor itself.

PyTorch names a parameter of `uniform_` and `random_` `from`, which is a keyword of Python: here it is `from_`.
"""
