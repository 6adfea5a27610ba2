"""Training loops and the quantities that experiments read off a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data import Samples

Network = TypeVar("Network", bound=nn.Module)


def batches(samples: Samples, size: int, steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """`steps` batches of `size` samples, from epochs shuffled with `seed`; an incomplete last batch of an epoch is dropped."""
    order = torch.Generator().manual_seed(seed)
    size = min(size, len(samples))
    made = 0
    while True:
        shuffled = torch.randperm(len(samples), generator=order)
        for start in range(0, len(samples) - size + 1, size):
            if made == steps:
                return
            chosen = shuffled[start : start + size]
            yield samples.x[chosen], samples.y[chosen]
            made += 1


def fit(
    model: nn.Module,
    samples: Samples,
    *,
    steps: int,
    seed: int,
    batch: int = 50,
    rate: float = 1e-3,
    optimizer: torch.optim.Optimizer | None = None,
    penalty: Callable[[], Tensor] | None = None,
) -> list[float]:
    """Trains with Adam (or `optimizer`) on the cross entropy plus `penalty`; returns the cross entropy of each step.

    The order of the samples depends on `seed` alone, not on the network. The model is left in eval mode.
    """
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    model.train()
    losses = []
    for x, y in batches(samples, batch, steps, seed):
        loss = F.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        torch.autograd.backward(loss if penalty is None else loss + penalty())
        optimizer.step()
    model.eval()
    return losses


@torch.no_grad()
def accuracy(model: nn.Module, samples: Samples) -> float:
    """The share of samples that the model, in the mode that it is in, puts into their class."""
    return float((model(samples.x).argmax(1) == samples.y).float().mean())


def seeded(seed: int, build: Callable[[], Network]) -> Network:
    """A network whose initialisation depends on `seed` alone."""
    torch.manual_seed(seed)
    return build()


def weighted(model: nn.Module) -> list[nn.Linear | nn.Conv2d]:
    """The linear and convolutional layers in the order in which they were made."""
    return [module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]


def he_init(model: Network, slope: float = 0.0) -> Network:
    """He et al. (arXiv 1502.01852): normal weights of variance 2 / ((1 + slope^2) fan_in), biases 0."""
    for layer in weighted(model):
        nn.init.kaiming_normal_(layer.weight, a=slope)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


def xavier_init(model: Network) -> Network:
    """Glorot and Bengio (2010): uniform weights of variance 2 / (fan_in + fan_out), biases 0."""
    for layer in weighted(model):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


def gradient_decades(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """log10 of the loss's gradient at the first weighted layer's output, over that at the last hidden one's.

    0: the gradient keeps its size on the way back; -6: a millionth arrives; 6: it grows a million times. Limited to -40, where single
    precision ends.
    """
    outputs: list[Tensor] = []
    hooks = [layer.register_forward_hook(lambda layer, inputs, output: outputs.append(output)) for layer in weighted(model)]
    loss = F.cross_entropy(model(x), y)
    for hook in hooks:
        hook.remove()
    # In double precision: the square of a small number is 0 in single precision.
    first, last = (float(gradient.double().norm()) for gradient in torch.autograd.grad(loss, [outputs[0], outputs[-2]]))
    return -40.0 if first == 0 or last == 0 else max(-40.0, math.log10(first) - math.log10(last))


def mlp(widths: Iterable[int], between: Callable[[int], Iterable[nn.Module]], bias: bool = True) -> nn.Sequential:
    """Linear layers from width to width; behind each but the last come the layers that `between` makes for its width."""
    modules: list[nn.Module] = []
    sizes = list(widths)
    for place, (inputs, outputs) in enumerate(pairwise(sizes)):
        hidden = place < len(sizes) - 2
        modules += [nn.Linear(inputs, outputs, bias=bias or not hidden), *(between(outputs) if hidden else ())]
    return nn.Sequential(*modules)
