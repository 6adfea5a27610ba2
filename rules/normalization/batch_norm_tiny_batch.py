"""Batch norm is trained on tiny batches.

What
    A network with batch norm is trained on batches of `small-batch` samples or fewer.

Why
    Batch norm replaces the true mean and variance by those of the batch. The fewer samples, the further off they are, and the noise goes
    into every layer behind it; what is recorded for evaluation differs from what training has seen. With a single sample a unit of a
    linear layer is equal to its own mean: PyTorch refuses to train it, and a feature map is normalised by its own picture alone.

Evidence for
    S8. Wu and He (Group Normalization, ECCV 2018), ResNet-50 on ImageNet, error at 32, 16, 8, 4, 2 images a device: batch norm 23.6,
    23.7, 24.8, 27.3, 34.7 %; group norm 24.1, 24.2, 24.0, 24.2, 24.1 %.

Evidence against
    Where each sample has very many positions (large pictures, segmentation), the estimate is better than the batch size says. With a
    batch of one, batch norm on feature maps works like instance norm, which some image translation networks want.

When it is fine
    A batch size that is not known is not judged, nor is one of an evaluation loader. SyncBatchNorm and frozen batch norm are not flagged,
    nor is `F.batch_norm` of a reshaped tensor: with the samples laid side by side as channels it is an instance norm (adaptive instance
    norm is often written so).

The fix
    Replaces it by group norm, whose statistics come from one sample (layer norm behind a linear layer). Saved statistics have no place
    any more.
"""

from __future__ import annotations

import math

from netlint.engine.intent import Intent, Replace
from netlint.engine.rule import (
    Answers,
    Contract,
    Example,
    Finding,
    Forward,
    Option,
    Options,
    Rule,
    Severity,
    StateDict,
    TrainingEffect,
    TrainingFacts,
    sequential,
)
from netlint.graph import Fact, Graph, Loader, Unknown
from netlint.graph.operators import BatchNorm, GroupNorm, Identity, LayerNorm, Reshape
from netlint.graph.queries import has_positions, uses_batch_statistics

rule = Rule(
    code="NL202",
    name="batch-norm-tiny-batch",
    severity=Severity.WARNING,
    summary="Batch norm with batches too small for its statistics.",
    statements=("S8",),
    evidence="ResNet-50 error at 32/8/4/2 images: batch norm 23.6/24.8/27.3/34.7 %, group norm 24.1/24.0/24.2/24.1 % (Wu and He 2018)",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES),
    options={"small-batch": Option(8, "Batches of this many samples or fewer are reported.")},
)


@rule.check
def check(norm: BatchNorm, graph: Graph, options: Options) -> Answers:
    if not uses_batch_statistics(norm) or norm.synchronized or (norm.layer is not None and norm.layer.frozen is True):
        return None
    if norm.layer is None and isinstance(graph.producer(norm, through=Identity), Reshape):
        return Unknown("the reshape in front of the batch norm may change what counts as a sample")
    loader = _smallest(graph)
    batch = options.training.batch_size
    if batch is None:
        if loader is None or not isinstance(loader.batch_size, int):
            return Unknown("no batch size (give one with `--batch-size`)")
        batch = loader.batch_size
    if batch > options.small_batch:
        return None
    fails = batch == 1 and has_positions(graph, norm) is False
    consequence = (
        "PyTorch refuses to train it, since one value has no variance"
        if fails
        else f"each mean and variance is the estimate of {batch} sample{'s' * (batch > 1)}"
    )
    return Finding(
        at=norm,
        related=[(loader, "the batch size")] if loader is not None and loader.batch_size == batch else [],
        severity=Severity.ERROR if batch == 1 else None,
        data={"batch_size": batch},
        message=f"{norm.name} is trained on batches of {batch}: {consequence}; use {_words(_replacement(norm, graph))}, or larger batches",
    )


def _smallest(graph: Graph) -> Loader | None:
    """The loader that trains the network with the smallest known batches."""
    loaders = [loader for loader in graph.training.loaders if loader.feeds_training and loader.evaluation is not True]
    known = [(loader.batch_size, loader) for loader in loaders if isinstance(loader.batch_size, int)]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def _replacement(norm: BatchNorm, graph: Graph) -> GroupNorm | LayerNorm | None:
    """What normalises by one sample instead: at most 32 groups, of at least 4 channels if that can be. None for unknown channels."""
    channels = norm.num_features
    if isinstance(channels, Unknown):
        return None
    if has_positions(graph, norm) is False:
        return LayerNorm(normalized_shape=(channels,), elementwise_affine=norm.affine)
    return GroupNorm(num_groups=max(1, math.gcd(128, channels) // 4), num_channels=channels, affine=norm.affine)


def _words(norm: GroupNorm | LayerNorm | None) -> str:
    match norm:
        case GroupNorm():
            return f"`nn.GroupNorm({norm.num_groups}, {norm.num_channels})`"
        case LayerNorm(normalized_shape=(width,)):
            return f"`nn.LayerNorm({width})`"
    return "`nn.GroupNorm`"


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    norm = finding.at
    assert isinstance(norm, BatchNorm)
    replacement = _replacement(norm, graph)
    return Replace(norm, (replacement,)) if replacement is not None else None


_LOOP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.norm = nn.{norm}
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        x = x + F.elu(self.norm(self.conv(x))){mark}
        return self.fc(x.mean([2, 3]))

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
loader = torch.utils.data.DataLoader(data, batch_size={batch}, shuffle=True)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""
_STACK = ("nn.Conv2d(3, 16, 3)", "nn.BatchNorm2d(16)", "nn.ELU()", "nn.Conv2d(16, 4, 3)")

invalid = [
    Example(_LOOP.format(norm="BatchNorm2d(16)", batch=4, mark="  # here")),
    Example(_LOOP.format(norm="BatchNorm2d(16)", batch=1, mark="  # here"), severity=Severity.ERROR),
    Example(sequential(_STACK[0], "nn.BatchNorm2d(16)  # here", *_STACK[2:]), training=TrainingFacts(batch_size=8)),
    Example(
        sequential("nn.Linear(8, 64)", "nn.BatchNorm1d(64)  # here", "nn.ELU()", "nn.Linear(64, 2)"),
        training=TrainingFacts(batch_size=1),
        severity=Severity.ERROR,
    ),
]
valid = [
    Example(_LOOP.format(norm="BatchNorm2d(16)", batch=64, mark=""), because="64 samples are enough for the statistics"),
    Example(_LOOP.format(norm="GroupNorm(4, 16)", batch=2, mark=""), because="group norm needs one sample only"),
    Example(_LOOP.format(norm="SyncBatchNorm(16)", batch=2, mark=""), because="its statistics come from the batches of all devices"),
    Example(sequential(*_STACK), because="the batch size is not known", unknown=True),
    Example(
        """
class AdaIN(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        b, c, h, w = x.size()
        flat = x.contiguous().view(1, b * c, h, w)
        y = F.batch_norm(flat, None, None, self.weight.repeat(b), self.bias.repeat(b), True)
        return x + y.view(b, c, h, w)

net = nn.Sequential(nn.Conv2d(3, 16, 3), AdaIN(16))
""",
        because="each sample's channels are normalised by themselves",
        training=TrainingFacts(batch_size=1),
        unknown=True,
    ),
    Example(
        _LOOP.format(norm="BatchNorm2d(16)", batch=2, mark=""), because="the user states the size", training=TrainingFacts(batch_size=256)
    ),
]
