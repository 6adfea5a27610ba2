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

_BUFFERS = "self.a = nn.Linear(8, 8); self.register_buffer('mean', torch.rand(8)); self.register_buffer('scale', torch.rand(8))"
_STATISTICS = "self.register_buffer('mean', torch.zeros(8)); self.register_buffer('spread', torch.ones(8)); self.a = nn.Linear(8, 8)"
_TABLE = "torch.tensor([{first}, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0])"


def layers_of(before: str, layer: str, *options: str) -> tuple[Change, ...]:
    """A layer at its defaults becomes one with an option, each in turn; `layer` has a place for them."""
    start = stack(before, layer.format(""))
    return tuple(Change(layer.format(f"..., {option}"), start, stack(before, layer.format(f", {option}")), CLOSE) for option in options)


def calls_of(init: str, call: str, *options: str) -> tuple[Change, ...]:
    """The same for a call in `forward`, of which `h` is the data."""

    def made(option: str) -> str:
        return module(f"self.a = {init}", f"h = self.a(x); return {call.format(option)}")

    return tuple(Change(call.format(f"..., {option}"), made(""), made(f", {option}"), CLOSE) for option in options)


def applied_of(layer: str, call: str, *options: str) -> tuple[Change, ...]:
    """The same for a layer that takes several inputs."""

    def made(option: str) -> str:
        return module(f"self.a = {layer.format(option)}", f"return {call}")

    return tuple(Change(layer.format(f"..., {option}"), made(""), made(f", {option}"), CLOSE) for option in options)


def losses_of(loss: str, *options: str) -> tuple[Change, ...]:
    """The same for the loss that a network is trained on."""

    def made(option: str) -> str:
        return stack("nn.Linear(8, 8)") + f"loss_fn = nn.{loss}({option})\n" + TRAINED.format(loss="loss_fn")

    return tuple(Change(f"{loss}({option})", made(""), made(option), CLOSE) for option in options)


OPTIONS: tuple[Change, ...] = (
    *layers_of(CONV, "nn.AvgPool2d(2{})", "divisor_override=3", "count_include_pad=False, padding=1"),
    *layers_of(CONV, "nn.LPPool2d(2, 2{})", "ceil_mode=True"),
    *layers_of(CONV, "nn.LocalResponseNorm(3, alpha=1.0{})", "beta=0.5", "k=2.0"),
    *layers_of(CONV, "nn.LocalResponseNorm(3{})", "alpha=1.0"),
    *layers_of(CONV, "nn.Upsample(scale_factor=2, mode='bilinear'{})", "align_corners=True"),
    *layers_of("nn.Linear(8, 8)", "nn.Softplus(1.0{})", "threshold=1.0"),
    *applied_of("nn.PairwiseDistance(2{})", "self.a(x, x + 1)", "eps=0.1"),
    *layers_of("nn.Identity()", "nn.Embedding(10, 8{})", "max_norm=1.0", "scale_grad_by_freq=True", "padding_idx=1"),
    *layers_of("nn.Identity()", "nn.EmbeddingBag(10, 8{})", "mode='sum'", "include_last_offset=True"),
    *applied_of("nn.MultiheadAttention(8, 2{})", "self.a(x, x, x)[0]", "add_zero_attn=True", "batch_first=True", "dropout=0.5"),
    *layers_of("nn.Identity()", "nn.LSTM(8, 8{})", "batch_first=True"),
    *layers_of("nn.Identity()", "nn.RNN(8, 8{})", "nonlinearity='relu'"),
    *layers_of("nn.Identity()", "nn.TransformerEncoderLayer(8, 2{})", "layer_norm_eps=0.1", "activation='gelu'", "norm_first=True"),
    *calls_of("nn.Conv2d(3, 8, 3)", "F.avg_pool2d(h, 2{})", "divisor_override=3"),
    *calls_of("nn.Conv2d(3, 8, 3)", "F.interpolate(h, (9, 9), mode='bilinear'{})", "align_corners=True", "antialias=True"),
    *calls_of("nn.Conv2d(3, 8, 3)", "F.grid_sample(h, h{})", "padding_mode='border'", "mode='nearest'"),
    *calls_of("nn.Conv2d(3, 8, 3)", "F.pad(h, (1, 1){})", "value=2.0", "mode='reflect'"),
    *calls_of("nn.Linear(8, 8)", "F.normalize(h{})", "p=1.0", "p=float('inf')", "eps=1.0", "dim=0"),
    *calls_of("nn.Linear(8, 8)", "F.scaled_dot_product_attention(h, h, h{})", "scale=0.1", "is_causal=True"),
    *calls_of("nn.Linear(8, 8)", "F.cosine_similarity(h, x{})", "eps=0.5"),
    *calls_of("nn.Linear(8, 8)", "torch.add(h, x{})", "alpha=2"),
    *calls_of("nn.Linear(8, 8)", "torch.addmm(x, h, x{})", "beta=0.5", "alpha=2"),
    *calls_of("nn.Linear(8, 8)", "h.std(1{})", "unbiased=False"),
    *calls_of("nn.Linear(8, 8)", "h.topk(2{})[0]", "largest=False"),
    *calls_of("nn.Linear(8, 8)", "h.repeat_interleave(2{})", "dim=1"),
    *calls_of("nn.Linear(8, 8)", "h.to('cpu'{})", "torch.int64"),
    *losses_of("CrossEntropyLoss", "ignore_index=255", "ignore_index=0", "label_smoothing=0.1", f"weight={_TABLE.format(first=3.0)}"),
    *losses_of("NLLLoss", "ignore_index=1", "reduction='sum'"),
    *losses_of("BCEWithLogitsLoss", "pos_weight=torch.full((8,), 2.0)", "weight=torch.full((8,), 2.0)"),
    *losses_of("KLDivLoss", "log_target=True", "reduction='batchmean'"),
    *losses_of("HuberLoss", "delta=3.0"),
    *losses_of("SmoothL1Loss", "beta=3.0"),
    Change(
        "the classes' weights in a loss",
        *(
            stack("nn.Linear(8, 8)") + f"loss_fn = nn.CrossEntropyLoss({_TABLE.format(first=first)})\n" + TRAINED.format(loss="loss_fn")
            for first in (3.0, 4.0)
        ),
    ),
    Change(
        "two buffers of one shape exchanged",
        module(_BUFFERS, "return (self.a(x) - self.mean) / self.scale"),
        module(_BUFFERS, "return (self.a(x) - self.scale) / self.mean"),
    ),
    Change(
        "one buffer read twice",
        module(_BUFFERS, "return (self.a(x) - self.mean) / self.scale"),
        module(_BUFFERS, "return (self.a(x) - self.mean) / self.mean"),
    ),
    Change(
        "the statistics of a functional norm exchanged",
        module(_STATISTICS, "return F.batch_norm(self.a(x), self.mean, self.spread)"),
        module(_STATISTICS, "return F.batch_norm(self.a(x), self.spread, self.mean)"),
    ),
    Change(
        "another constant",
        module("self.a = nn.Linear(8, 8)", f"return self.a(x) * {_TABLE.format(first=3.0)}"),
        module("self.a = nn.Linear(8, 8)", f"return self.a(x) * {_TABLE.format(first=4.0)}"),
    ),
    Change(
        "another threshold",
        module("self.a = nn.Linear(8, 8)", "return self.a(x) * (x > 0)"),
        module("self.a = nn.Linear(8, 8)", "return self.a(x) * (x > 1)"),
    ),
    Change(
        "stochastic depth of a batch, not of its samples",
        "from torchvision.ops import StochasticDepth\n" + stack(CONV, "StochasticDepth(0.2, 'row')"),
        "from torchvision.ops import StochasticDepth\n" + stack(CONV, "StochasticDepth(0.2, 'batch')"),
    ),
)
"""An option of a layer, a function or a loss that becomes another."""

WRONG: tuple[Change, ...] = (
    *OPTIONS,
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
        module(_PLAIN, "return self.pool(F.interpolate(self.act(self.conv(x)), scale_factor=2, mode='bicubic'))"),
        module(_PLAIN, "return self.act(self.pool(F.interpolate(self.conv(x), scale_factor=2, mode='bicubic')))"),
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
    Change(
        "ReLU behind resampling by the nearest element",
        module(_PLAIN, "return self.pool(F.interpolate(self.act(self.conv(x)), scale_factor=2))"),
        module(_PLAIN, "return self.act(self.pool(F.interpolate(self.conv(x), scale_factor=2)))"),
    ),
    Change(
        "a square as a product",
        module("self.a = nn.Linear(8, 8)", "h = self.a(x); return h * h"),
        module("self.a = nn.Linear(8, 8)", "return self.a(x) ** 2"),
        CLOSE,
    ),
    Change(
        "a clamp as a ReLU",
        module("self.a = nn.Linear(8, 8)", "return self.a(x).clamp(min=0)"),
        module("self.a = nn.Linear(8, 8)", "return F.relu(self.a(x))"),
        RETRAINED,
    ),
    Change(
        "an LSTM whose batch comes first",
        module("self.a = nn.LSTM(8, 5, 2, bidirectional=True)", "return self.a(x)[0]"),
        module("self.a = nn.LSTM(8, 5, 2, bidirectional=True, batch_first=True)", "return self.a(x.transpose(0, 1))[0].transpose(0, 1)"),
        CLOSE,
    ),
    Change(
        "an attention whose batch comes first",
        module("self.a = nn.MultiheadAttention(8, 2)", "return self.a(x, x, x)[0]"),
        module(
            "self.a = nn.MultiheadAttention(8, 2, batch_first=True)", "h = x.transpose(0, 1); return self.a(h, h, h)[0].transpose(0, 1)"
        ),
        CLOSE,
    ),
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
