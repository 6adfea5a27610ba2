"""Changes of networks, wrong and right ones, as source before and after. `benchmarks/verify.py` counts the wrong ones that are refused."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.frontends.source import read
from netlint.graph import Graph

STRICT = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
CLOSE = Contract(Forward.CLOSE, StateDict.SAME, TrainingEffect.SAME)
FOLDED = Contract(Forward.CLOSE, StateDict.REMAP, TrainingEffect.SAME)
RENAMED = Contract(Forward.EXACT, StateDict.REMAP, TrainingEffect.SAME)
RETRAINED = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.CHANGES)
ANOTHER = Contract(Forward.CHANGES, StateDict.SAME, TrainingEffect.CHANGES)
ANOTHER_RENAMED = Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES)

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"


@dataclass(frozen=True)
class Change:
    """A network before and after, and what the change is said to be."""

    name: str
    before: str
    after: str
    contract: Contract = STRICT

    def graphs(self) -> tuple[Graph, Graph]:
        return graph_of(self.before), graph_of(self.after)


def graph_of(source: str) -> Graph:
    """The network in a source text: the last concrete one."""
    return [graph for graph in read(IMPORTS + source, "net.py").graphs if graph.root is not None][-1]


def stack(*layers: str) -> str:
    return "net = nn.Sequential(" + ", ".join(layers) + ")\n"


def module(init: str, forward: str, more: str = "") -> str:
    """A class with these statements, separated by semicolons."""
    lines = ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()"]
    lines += [f"        {line.strip()}" for line in init.split(";")]
    lines += ["", "    def forward(self, x):"]
    lines += [f"        {line.strip()}" for line in forward.split(";")]
    return "\n".join(lines) + "\n\n\nnet = Net()\n" + more


CONV = "nn.Conv2d(3, 8, 3, padding=1)"
NEXT = "nn.Conv2d(8, 4, 3)"
POOL = "nn.MaxPool2d(2)"


def swapped(name: str, first: str, second: str, contract: Contract = STRICT, before: str = CONV, behind: str = NEXT) -> Change:
    """Two neighbours in a Sequential change places."""
    return Change(name, stack(before, first, second, behind), stack(before, second, first, behind), contract)


_TWO = (
    "self.conv = nn.Conv2d(3, 8, 3, padding=1); self.side = nn.Conv2d(8, 8, 1, stride=2); "
    "self.act = nn.ReLU({inplace}); self.pool = nn.MaxPool2d(2)"
)
_PLAIN = _TWO.format(inplace="")
_INPLACE = _TWO.format(inplace="inplace=True")
_NORM = "self.conv = nn.Conv2d(3, 8, 3{bias}); self.norm = nn.BatchNorm2d(8); self.act = nn.ReLU()"
_FORWARD_NORM = "return self.act(self.norm(self.conv(x)))"
_FEATURES = "self.features = nn.Sequential({layers}); self.side = nn.Conv2d(8, 8, 1)"
_HOOK = "\n\ndef look(module, inputs, output):\n    print(output.mean())\n\n\nnet.{name}.register_forward_hook(look)\n"

TRAINED = "for x, y in torch.utils.data.DataLoader([], batch_size=8):\n    loss = {loss}(net(x), y)\n    loss.backward()\n"

WRONG: tuple[Change, ...] = (
    # functions that do not commute with the maximum
    *(
        swapped(f"{name} behind max pooling", f"nn.{name}", POOL)
        for name in (
            "GELU()",
            "GELU(approximate='tanh')",
            "SiLU()",
            "Mish()",
            "Hardswish()",
            "LeakyReLU(-0.1)",
            "RReLU()",
            "ELU(alpha=-1.0)",
            "Threshold(0.5, 1.0)",
            "Softmax(dim=1)",
            "Dropout(0.3)",
            "Dropout2d(0.3)",
            "BatchNorm2d(8)",
            "GroupNorm(2, 8)",
            "LocalResponseNorm(3)",
        )
    ),
    Change(
        "PReLU behind max pooling, its keys kept",
        module(
            "self.conv = nn.Conv2d(3, 8, 3); self.act = nn.PReLU(8); self.pool = nn.MaxPool2d(2)",
            "return self.pool(self.act(self.conv(x)))",
        ),
        module(
            "self.conv = nn.Conv2d(3, 8, 3); self.act = nn.PReLU(8); self.pool = nn.MaxPool2d(2)",
            "return self.act(self.pool(self.conv(x)))",
        ),
    ),
    swapped("PReLU in a Sequential, declared to keep its keys", "nn.PReLU()", POOL),
    swapped("PReLU in a Sequential, declared to rename its keys", "nn.PReLU()", POOL, RENAMED),
    # pooling that is no maximum, or another one
    swapped("ReLU behind average pooling", "nn.ReLU()", "nn.AvgPool2d(2)"),
    swapped("ReLU behind average pooling that does not count its padding", "nn.ReLU()", "nn.AvgPool2d(3, 2, 1, count_include_pad=False)"),
    swapped("ReLU behind adaptive average pooling", "nn.ReLU()", "nn.AdaptiveAvgPool2d(3)"),
    swapped("Sigmoid behind average pooling, declared close", "nn.Sigmoid()", "nn.AvgPool2d(2)", CLOSE),
    *(
        Change(name, stack(CONV, "nn.ReLU()", f"nn.MaxPool2d({old})", NEXT), stack(CONV, f"nn.MaxPool2d({new})", "nn.ReLU()", NEXT))
        for name, old, new in (
            ("ceil mode dropped", "3, 2, ceil_mode=True", "3, 2"),
            ("ceil mode added", "2", "2, ceil_mode=True"),
            ("padding dropped", "3, 2, padding=1", "3, 2"),
            ("dilation dropped", "2, 2, dilation=2", "2, 2"),
            ("a stride that leaves gaps, dropped", "2, stride=3", "2"),
            ("another kernel", "3, 2", "2, 2"),
        )
    ),
    Change(
        "max pooling becomes average pooling",
        stack(CONV, "nn.ReLU()", POOL, NEXT),
        stack(CONV, "nn.AvgPool2d(2)", "nn.ReLU()", NEXT),
    ),
    Change(
        "padding with zeros before the activation, pooled first",
        stack(CONV, "nn.Sigmoid()", "nn.ZeroPad2d(1)", POOL, NEXT),
        stack(CONV, "nn.ZeroPad2d(1)", POOL, "nn.Sigmoid()", NEXT),
    ),
    # a norm in between
    Change(
        "a norm in between",
        stack(CONV, "nn.ReLU()", "nn.BatchNorm2d(8)", POOL, NEXT),
        stack(CONV, "nn.BatchNorm2d(8)", POOL, "nn.ReLU()", NEXT),
    ),
    Change(
        "a norm in between, its keys kept",
        module(_NORM.format(bias="") + "; self.pool = nn.MaxPool2d(2)", "return self.pool(self.norm(self.act(self.conv(x))))"),
        module(_NORM.format(bias="") + "; self.pool = nn.MaxPool2d(2)", "return self.norm(self.pool(self.act(self.conv(x))))"),
    ),
    # indices
    Change(
        "return_indices, and something uses them",
        module(
            _PLAIN + "; self.back = nn.MaxUnpool2d(2)",
            "h, i = F.max_pool2d(self.act(self.conv(x)), 2, return_indices=True); return self.back(h, i)",
        ),
        module(
            _PLAIN + "; self.back = nn.MaxUnpool2d(2)",
            "h, i = F.max_pool2d(self.conv(x), 2, return_indices=True); return self.back(self.act(h), i)",
        ),
    ),
    Change(
        "return_indices as a result",
        module(_PLAIN, "h, i = F.max_pool2d(self.act(self.conv(x)), 2, return_indices=True); return h, i"),
        module(_PLAIN, "h, i = F.max_pool2d(self.conv(x), 2, return_indices=True); return self.act(h), i"),
    ),
    # something else sees the value
    Change(
        "two readers of the activation",
        module(_PLAIN, "h = self.act(self.conv(x)); return self.pool(h) + self.side(h)"),
        module(_PLAIN, "h = self.conv(x); return self.act(self.pool(h)) + self.side(h)"),
    ),
    Change(
        "the activation is a result too",
        module(_PLAIN, "h = self.act(self.conv(x)); return self.pool(h), h"),
        module(_PLAIN, "h = self.conv(x); return self.act(self.pool(h)), h"),
    ),
    Change(
        "a result is lost",
        module(_PLAIN, "h = self.act(self.conv(x)); return self.pool(h), h"),
        module(_PLAIN, "h = self.act(self.conv(x)); return self.pool(h)"),
    ),
    Change(
        "an in-place ReLU on a tensor that is read later",
        module(_INPLACE, "h = self.conv(x); y = self.pool(self.act(h)); return y + self.side(h)"),
        module(_INPLACE, "h = self.conv(x); y = self.act(self.pool(h)); return y + self.side(h)"),
    ),
    Change(
        "an in-place ReLU comes to work on a sigmoid's result",
        module(_INPLACE, "return self.act(torch.sigmoid(self.conv(x)) + 0.5)"),
        module(_INPLACE, "h = torch.sigmoid(self.conv(x)); return self.act(h) + 0.5"),
    ),
    Change(
        "a ReLU that works in place from now on, before another reader",
        module(_PLAIN, "h = self.conv(x); y = self.act(h); return self.pool(y) + self.side(h)"),
        module(_INPLACE, "h = self.conv(x); y = self.act(h); return self.pool(y) + self.side(h)"),
    ),
    Change(
        "a container that is indexed",
        module(_FEATURES.format(layers=f"{CONV}, nn.ReLU(), {POOL}"), "h = self.features(x); return h") + "probe = net.features[1]\n",
        module(_FEATURES.format(layers=f"{CONV}, {POOL}, nn.ReLU()"), "h = self.features(x); return h") + "probe = net.features[1]\n",
    ),
    Change(
        "a container that is sliced in forward",
        module(
            _FEATURES.format(layers=f"{CONV}, nn.ReLU(), {POOL}"),
            "h = self.features[:2](x); return self.features[2:](h) + self.side(h).mean()",
        ),
        module(
            _FEATURES.format(layers=f"{CONV}, {POOL}, nn.ReLU()"),
            "h = self.features[:2](x); return self.features[2:](h) + self.side(h).mean()",
        ),
    ),
    Change(
        "a hook on the activation",
        module(_PLAIN, "return self.pool(self.act(self.conv(x)))", _HOOK.format(name="act")),
        module(_PLAIN, "return self.act(self.pool(self.conv(x)))", _HOOK.format(name="act")),
    ),
    Change(
        "a hook on the pooling",
        module(_PLAIN, "return self.pool(self.act(self.conv(x)))", _HOOK.format(name="pool")),
        module(_PLAIN, "return self.act(self.pool(self.conv(x)))", _HOOK.format(name="pool")),
    ),
    # biases and norms
    Change(
        "a bias dropped before a batch norm, declared to keep the keys",
        module(_NORM.format(bias=""), _FORWARD_NORM),
        module(_NORM.format(bias=", bias=False"), _FORWARD_NORM),
        CLOSE,
    ),
    Change(
        "a bias dropped before a layer norm over one group",
        stack(CONV, "nn.GroupNorm(2, 8)", "nn.ReLU()"),
        stack("nn.Conv2d(3, 8, 3, padding=1, bias=False)", "nn.GroupNorm(2, 8)", "nn.ReLU()"),
        FOLDED,
    ),
    Change(
        "a bias dropped before an activation and a batch norm",
        stack(CONV, "nn.ReLU()", "nn.BatchNorm2d(8)"),
        stack("nn.Conv2d(3, 8, 3, padding=1, bias=False)", "nn.ReLU()", "nn.BatchNorm2d(8)"),
        FOLDED,
    ),
    Change(
        "a bias dropped before a batch norm without running statistics is close, not exact",
        stack(CONV, "nn.BatchNorm2d(8, track_running_stats=False)"),
        stack("nn.Conv2d(3, 8, 3, padding=1, bias=False)", "nn.BatchNorm2d(8, track_running_stats=False)"),
        RENAMED,
    ),
    Change("another eps", stack(CONV, "nn.BatchNorm2d(8)"), stack(CONV, "nn.BatchNorm2d(8, eps=1e-3)"), CLOSE),
    Change("another momentum", stack(CONV, "nn.BatchNorm2d(8)"), stack(CONV, "nn.BatchNorm2d(8, momentum=0.01)")),
    Change("another number of groups", stack(CONV, "nn.GroupNorm(2, 8)"), stack(CONV, "nn.GroupNorm(4, 8)"), CLOSE),
    # keys
    Change(
        "a dropout in a Sequential, declared to keep the keys",
        stack("nn.Linear(20, 512)", "nn.ReLU()", "nn.Linear(512, 4)"),
        stack("nn.Linear(20, 512)", "nn.ReLU()", "nn.Dropout(0.5)", "nn.Linear(512, 4)"),
        ANOTHER,
    ),
    Change(
        "layers get other keys",
        stack("nn.Linear(8, 8)", "nn.ReLU()", "nn.Linear(8, 8, bias=True)", "nn.Tanh()"),
        module("self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)", "return torch.tanh(self.b(F.relu(self.a(x))))"),
    ),
    Change(
        "two layers of one shape are applied in the other order",
        module("self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)", "return self.b(torch.tanh(self.a(x)))"),
        module("self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)", "return self.a(torch.tanh(self.b(x)))"),
    ),
    Change(
        "a layer of its own becomes a shared one",
        module("self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)", "return self.b(torch.tanh(self.a(x)))"),
        module("self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)", "return self.a(torch.tanh(self.a(x)))"),
    ),
    Change(
        "a ReLU becomes a PReLU, declared to keep the keys",
        stack("nn.Linear(8, 8)", "nn.ReLU()", "nn.Linear(8, 2)"),
        stack("nn.Linear(8, 8)", "nn.PReLU(init=0.1)", "nn.Linear(8, 2)"),
        ANOTHER_RENAMED,
    ),
    # dropout
    Change(
        "a dropout is forgotten",
        stack("nn.Linear(8, 8)", "nn.Dropout(0.2)", "nn.Tanh()"),
        stack("nn.Linear(8, 8)", "nn.Identity()", "nn.Tanh()"),
    ),
    Change("another rate", stack("nn.Linear(8, 8)", "nn.Dropout(0.2)"), stack("nn.Linear(8, 8)", "nn.Dropout(0.3)")),
    Change(
        "a dropout on single elements becomes one on channels",
        stack(CONV, "nn.Dropout(0.2)", NEXT),
        stack(CONV, "nn.Dropout2d(0.2)", NEXT),
    ),
    swapped("a dropout behind a sigmoid", "nn.Dropout(0.5)", "nn.Sigmoid()", before="nn.Linear(8, 8)", behind="nn.Linear(8, 8)"),
    # activations and the rest
    Change("LeakyReLU for ReLU", stack(CONV, "nn.ReLU()", NEXT), stack(CONV, "nn.LeakyReLU(1e-6)", NEXT), CLOSE),
    Change("a bounded ReLU whose bound is high", stack(CONV, "nn.ReLU()", NEXT), stack(CONV, "nn.Hardtanh(0, 1000)", NEXT)),
    Change("GELU by tanh", stack(CONV, "nn.GELU()", NEXT), stack(CONV, "nn.GELU(approximate='tanh')", NEXT), CLOSE),
    Change("a sigmoid removed behind a ReLU", stack(CONV, "nn.ReLU()", "nn.Sigmoid()"), stack(CONV, "nn.ReLU()")),
    Change("a ReLU removed behind a tanh", stack(CONV, "nn.Tanh()", "nn.ReLU()"), stack(CONV, "nn.Tanh()")),
    Change("softmax along another dimension", stack(CONV, "nn.Softmax(dim=1)"), stack(CONV, "nn.Softmax(dim=2)")),
    Change(
        "a gradient that is cut",
        module(_PLAIN, "return self.pool(self.act(self.conv(x)))"),
        module(_PLAIN, "return self.act(self.pool(self.conv(x).detach()))"),
    ),
    Change(
        "another start of the weights",
        module("self.a = nn.Linear(8, 8); nn.init.kaiming_normal_(self.a.weight)", "return self.a(x)"),
        module("self.a = nn.Linear(8, 8); nn.init.xavier_normal_(self.a.weight)", "return self.a(x)"),
    ),
    Change("another start of the slopes", stack("nn.Linear(8, 8)", "nn.PReLU()"), stack("nn.Linear(8, 8)", "nn.PReLU(init=0.1)")),
    Change(
        "another optimizer",
        stack("nn.Linear(8, 8)") + "optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-2)\n",
        stack("nn.Linear(8, 8)") + "optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)\n",
    ),
    Change(
        "another loss",
        stack("nn.Linear(8, 8)") + TRAINED.format(loss="F.cross_entropy"),
        stack("nn.Linear(8, 8)") + TRAINED.format(loss="F.multi_margin_loss"),
    ),
    Change(
        "no loss any more",
        stack("nn.Linear(8, 8)") + TRAINED.format(loss="F.cross_entropy"),
        stack("nn.Linear(8, 8)"),
    ),
    Change(
        "a softmax before cross entropy removed",
        stack("nn.Linear(8, 8)", "nn.Softmax(dim=1)") + TRAINED.format(loss="F.cross_entropy"),
        stack("nn.Linear(8, 8)") + TRAINED.format(loss="F.cross_entropy"),
    ),
    Change(
        "parts joined in the other order",
        module("self.a = nn.Linear(4, 4); self.b = nn.Linear(4, 4)", "return torch.cat([self.a(x), self.b(x)], 1)"),
        module("self.a = nn.Linear(4, 4); self.b = nn.Linear(4, 4)", "return torch.cat([self.b(x), self.a(x)], 1)"),
    ),
    Change(
        "a weight that was tied",
        module("self.a = nn.Linear(4, 4); self.b = nn.Linear(4, 4); self.b.weight = self.a.weight", "return self.b(self.a(x))"),
        module("self.a = nn.Linear(4, 4); self.b = nn.Linear(4, 4)", "return self.b(self.a(x))"),
    ),
    Change(
        "a weight that is no longer trained",
        module("self.a = nn.Linear(4, 4)", "return self.a(x)"),
        module("self.a = nn.Linear(4, 4); self.a.weight.requires_grad = False", "return self.a(x)"),
    ),
    # what cannot be seen is not proven
    Change(
        "an unseen function in between",
        "from somewhere import strange\n" + module(_PLAIN, "return self.pool(strange(self.act(self.conv(x))))"),
        "from somewhere import strange\n" + module(_PLAIN, "return self.act(strange(self.pool(self.conv(x))))"),
    ),
    Change(
        "an operator without a reference layer in between",
        module(_PLAIN, "return self.pool(F.interpolate(self.act(self.conv(x)), scale_factor=2))"),
        module(_PLAIN, "return self.act(self.pool(F.interpolate(self.conv(x), scale_factor=2)))"),
    ),
    Change(
        "a slope that is not known",
        "import sys\n" + stack(CONV, "nn.LeakyReLU(float(sys.argv[1]))", POOL, NEXT),
        "import sys\n" + stack(CONV, POOL, "nn.LeakyReLU(float(sys.argv[1]))", NEXT),
    ),
)
"""Changes that are not what they are declared to be, or that cannot be shown to be."""

_CLAMPED = "self.conv = nn.Conv2d(3, 8, 3); self.slope = nn.Parameter(torch.full((8,), 0.25)); self.pool = nn.MaxPool2d(2)"
_FROZEN = "self.conv = nn.Conv2d(3, 8, 3); self.act = nn.PReLU(); self.act.weight.requires_grad = False; self.pool = nn.MaxPool2d(2)"
_WIDTH = """
class Net(nn.Module):
    def __init__(self, width, **options):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, **options)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.norm(self.conv(x))
        x = {swap}
        return self.head(x.mean([2, 3]))
"""
_LOOP = """
for x, y in torch.utils.data.DataLoader([], batch_size=8{drop}):
    loss = F.cross_entropy(net(x), y)
    loss.backward()
"""
_ACTIVATIONS = (
    "ReLU()",
    "ReLU(inplace=True)",
    "ReLU6()",
    "LeakyReLU(0.1)",
    "LeakyReLU(0.1, inplace=True)",
    "ELU()",
    "ELU(alpha=0.5)",
    "SELU()",
    "CELU(0.5)",
    "Sigmoid()",
    "Tanh()",
    "Softplus()",
    "Hardtanh()",
    "Hardsigmoid()",
    "LogSigmoid()",
    "Tanhshrink()",
    "Softshrink()",
    "Hardshrink()",
    "Threshold(0.5, 0.1)",
)

RIGHT: tuple[Change, ...] = (
    *(swapped(f"{name} behind max pooling", f"nn.{name}", POOL) for name in _ACTIVATIONS),
    *(
        swapped(f"ReLU behind {pool}", "nn.ReLU()", f"nn.{pool}")
        for pool in (
            "MaxPool2d(3, 2, 1)",
            "MaxPool2d(3, 2, ceil_mode=True)",
            "MaxPool2d(3, 2, 1, dilation=2)",
            "MaxPool2d(2, 3)",
            "MaxPool2d((2, 3), (1, 2))",
            "AdaptiveMaxPool2d(3)",
            "AdaptiveMaxPool2d((3, None))",
        )
    ),
    swapped("in one dimension", "nn.ReLU()", "nn.MaxPool1d(3, 2)", before="nn.Conv1d(3, 8, 3)", behind="nn.Conv1d(8, 8, 3)"),
    swapped("in three dimensions", "nn.ReLU()", "nn.MaxPool3d(2)", before="nn.Conv3d(3, 8, 3)", behind="nn.Conv3d(8, 8, 3)"),
    Change(
        "functional calls",
        module("self.conv = nn.Conv2d(3, 8, 3)", "return F.max_pool2d(F.relu(self.conv(x)), 2)"),
        module("self.conv = nn.Conv2d(3, 8, 3)", "return F.relu(F.max_pool2d(self.conv(x), 2))"),
    ),
    Change(
        "behind a norm, in a network of unknown width and depth of input",
        _WIDTH.format(swap="F.max_pool2d(F.relu(x), 2)"),
        _WIDTH.format(swap="F.relu(F.max_pool2d(x, 2))"),
    ),
    Change(
        "beside a shortcut that reads what is before both",
        module(_PLAIN, "h = self.conv(x); return self.pool(self.act(h)) + self.side(h)"),
        module(_PLAIN, "h = self.conv(x); return self.act(self.pool(h)) + self.side(h)"),
    ),
    Change(
        "one ReLU object in two places",
        "act = nn.ReLU()\n" + stack(CONV, "act", POOL, NEXT, "act"),
        "act = nn.ReLU()\n" + stack(CONV, POOL, "act", NEXT, "act"),
    ),
    Change(
        "several places at once",
        stack(*(CONV, "nn.ReLU()", POOL, "nn.Conv2d(8, 8, 3)", "nn.ReLU()", POOL, NEXT)),
        stack(*(CONV, POOL, "nn.ReLU()", "nn.Conv2d(8, 8, 3)", POOL, "nn.ReLU()", NEXT)),
    ),
    Change(
        "a hook elsewhere",
        module(_PLAIN, "return self.pool(self.act(self.conv(x)))", _HOOK.format(name="side")),
        module(_PLAIN, "return self.act(self.pool(self.conv(x)))", _HOOK.format(name="side")),
    ),
    Change(
        "behind an unseen function, in front of another",
        "from somewhere import strange\n" + module(_PLAIN, "return strange(self.pool(self.act(strange(x))))"),
        "from somewhere import strange\n" + module(_PLAIN, "return strange(self.act(self.pool(strange(x))))"),
    ),
    Change(
        "a learned slope that is clamped",
        module(_CLAMPED, "return self.pool(F.prelu(self.conv(x), self.slope.clamp(min=0.01)))"),
        module(_CLAMPED, "return F.prelu(self.pool(self.conv(x)), self.slope.clamp(min=0.01))"),
    ),
    Change(
        "a slope that is not trained",
        module(_FROZEN, "return self.pool(self.act(self.conv(x)))"),
        module(_FROZEN, "return self.act(self.pool(self.conv(x)))"),
    ),
    Change("a ReLU behind a ReLU", stack(CONV, "nn.ReLU()", "nn.ReLU()"), stack(CONV, "nn.ReLU()")),
    Change("a ReLU behind a ReLU and a pooling", stack(CONV, "nn.ReLU()", POOL, "nn.ReLU()"), stack(CONV, "nn.ReLU()", POOL)),
    Change("a ReLU behind a sigmoid", stack(CONV, "nn.Sigmoid()", "nn.ReLU()"), stack(CONV, "nn.Sigmoid()")),
    Change("a pooling of one element", stack(CONV, "nn.MaxPool2d(1)", "nn.ReLU()"), stack(CONV, "nn.Identity()", "nn.ReLU()")),
    Change("softmax along the dimension that is meant", stack(CONV, "nn.Softmax()"), stack(CONV, "nn.Softmax(dim=1)")),
    Change(
        "log of softmax",
        module("self.a = nn.Linear(8, 4)", "return torch.log_softmax(self.a(x), 1)"),
        module("self.a = nn.Linear(8, 4)", "return F.log_softmax(self.a(x), dim=1)"),
    ),
    Change(
        "a bias dropped before a batch norm, its running mean moved",
        module(_NORM.format(bias=""), _FORWARD_NORM),
        module(_NORM.format(bias=", bias=False"), _FORWARD_NORM),
        FOLDED,
    ),
    Change(
        "the same for a linear layer",
        stack("nn.Linear(8, 8)", "nn.BatchNorm1d(8)", "nn.ReLU()"),
        stack("nn.Linear(8, 8, bias=False)", "nn.BatchNorm1d(8)", "nn.ReLU()"),
        FOLDED,
    ),
    Change(
        "a module's ReLU that works in place on what nothing else reads",
        module(_PLAIN, "return self.pool(self.act(self.conv(x)))"),
        module(_INPLACE, "return self.pool(self.act(self.conv(x)))"),
    ),
    Change(
        "a dropout in a Sequential, declared to rename the keys",
        stack("nn.Linear(20, 512)", "nn.ReLU()", "nn.Linear(512, 4)"),
        stack("nn.Linear(20, 512)", "nn.ReLU()", "nn.Dropout(0.5)", "nn.Linear(512, 4)"),
        ANOTHER_RENAMED,
    ),
    Change(
        "AdamW for Adam, declared",
        stack("nn.Linear(8, 8)") + "optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-2)\n",
        stack("nn.Linear(8, 8)") + "optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)\n",
        RETRAINED,
    ),
    Change(
        "the last batch dropped, declared",
        stack("nn.Linear(8, 8)") + _LOOP.format(drop=""),
        stack("nn.Linear(8, 8)") + _LOOP.format(drop=", drop_last=True"),
        RETRAINED,
    ),
    Change(
        "a layer renamed",
        module("self.a = nn.Linear(8, 8)", "return self.a(x)"),
        module("self.b = nn.Linear(8, 8)", "return self.b(x)"),
        RENAMED,
    ),
)
"""Changes that are what they are declared to be."""
