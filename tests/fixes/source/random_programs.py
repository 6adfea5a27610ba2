"""Random PyTorch programs that fit together, in the ways in which people write them, with something to find in most of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
INPUT = (3, 17, 19)
"""Channels, height and width of an image that the programs take."""

HEADS = (
    "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n",
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
    "import torch, torch.nn as nn\nfrom torch.nn import functional as F\n",
    "# coding: utf-8\nimport torch  # größer\nimport torch.nn.functional as F\nfrom torch import nn\n",
)
COMMENTS = ("  # why", "  # größer, 大きい", " #x", "  # nn.ReLU(), nn.MaxPool2d(2)", "  # type: ignore")
MODULES = ("ReLU()", "ReLU(inplace=True)", "LeakyReLU(0.1)", "ELU()", "Tanh()", "Sigmoid()", "GELU()", "SiLU()", "Hardtanh()", "Softplus()")
FUNCTIONS = (
    *("F.relu({})", "F.leaky_relu({}, 0.1)", "F.elu({})", "torch.tanh({})", "torch.sigmoid({})", "F.gelu({})", "torch.relu({})"),
    *("{}.relu()", "{}.tanh()", "{}.sigmoid()", "F.relu({}, inplace=True)", "F.relu(input={})", "{}.clamp(min=0)"),
)


@dataclass
class Step:
    """One operation: `constructor` makes its layer, or `function` is a call with a place for its input; `stateless`
    layers may be shared."""

    constructor: str = ""
    function: str = ""
    stateless: bool = False


@dataclass
class Program:
    """A program whose network is `net`, which takes a batch of images."""

    source: str
    steps: int


@dataclass
class Writer:
    """Draws one program. `channels` and `sizes` are those of the value that the steps so far give; no sizes: a vector."""

    draw: Callable[[Any], Any]
    channels: int = INPUT[0]
    sizes: tuple[int, ...] = INPUT[1:]
    init: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    count: int = 0
    shared: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def one(self, *options: T) -> T:
        chosen: T = self.draw(st.sampled_from(options))
        return chosen

    def chance(self, tenths: int) -> bool:
        return bool(self.draw(st.integers(0, 9)) < tenths)

    # -- layers ---------------------------------------------------------------------------------------------------------

    def text(self, name: str, *positional: object, **keywords: object) -> str:
        """A constructor call, formatted somehow."""
        gap, equals = self.one((", ", "="), (", ", "="), (",", "="), (" , ", " = "))
        arguments = [*map(str, positional), *(f"{key}{equals}{value}" for key, value in keywords.items())]
        inside = gap.join(arguments)
        prefix = self.one("nn.", "nn.", "nn.", "torch.nn.")
        return f"{prefix}{name}({f' {inside} ' if inside and self.chance(1) else inside})"

    def activation(self) -> Step:
        if self.chance(4):
            return Step(function=self.one(*FUNCTIONS))
        if self.chance(1):
            return Step(self.text("PReLU", *(() if self.chance(5) else (self.channels,))))
        return Step("nn." + self.one(*MODULES), stateless=True)

    def convolution(self, strided: bool = True) -> Step:
        wide = self.one(4, 8)
        options: dict[str, object] = {"padding": 1}
        kernel = 3
        if self.chance(2):
            kernel, options = 1, {}
        if strided and self.chance(2) and min(self.sizes) > 6:
            options["stride"] = 2
            self.sizes = tuple((size - 1) // 2 + 1 for size in self.sizes)
        if self.chance(3):
            options["bias"] = self.one("False", "True")
        step = Step(self.text("Conv2d", self.channels, wide, kernel, **options))
        self.channels = wide
        return step

    def pool(self) -> Step:
        if min(self.sizes) < 4:
            return self.activation()
        kernel = self.one(2, 2, 3)
        stride = self.one(kernel, kernel, 2, 1)
        padding, ceil = self.one(0, 0, 1), self.chance(2)
        kind = self.one("Max", "Max", "Max", "Avg")
        if self.chance(1):
            self.sizes = (4, 4)
            return Step(self.text(f"Adaptive{kind}Pool2d", self.one("4", "(4, 4)")), stateless=True)

        def pooled(size: int) -> int:
            count = (size + 2 * padding - kernel + (stride - 1 if ceil else 0)) // stride + 1
            return count - 1 if ceil and (count - 1) * stride >= size + padding else count

        self.sizes = tuple(map(pooled, self.sizes))
        options: dict[str, object] = {}
        if stride != kernel or self.chance(3):
            options["stride"] = stride
        if padding:
            options["padding"] = padding
        if ceil:
            options["ceil_mode"] = True
        if self.chance(4):
            inside = ", ".join([str(kernel), *(f"{key}={value}" for key, value in options.items())])
            return Step(function=f"F.{kind.lower()}_pool2d({{}}, {inside})")
        return Step(self.text(f"{kind}Pool2d", kernel, **options), stateless=True)

    def norm(self) -> Step:
        if not self.sizes:
            return Step(self.one(self.text("BatchNorm1d", self.channels), self.text("LayerNorm", self.channels)))
        return Step(
            self.one(
                self.text("BatchNorm2d", self.channels),
                self.text("BatchNorm2d", num_features=self.channels),
                self.text("GroupNorm", 2, self.channels) if self.channels % 2 == 0 else self.text("InstanceNorm2d", self.channels),
            )
        )

    def dropout(self) -> Step:
        rate = self.one("0.5", "0.2", "0.9", "0")
        if self.chance(4):
            mode = self.one("", "", ", training=self.training", ", self.training", ", training=True")
            return Step(function=f"F.dropout({{}}, {rate}{mode})")
        return Step(self.text("Dropout2d" if self.sizes and self.chance(4) else "Dropout", rate), stateless=True)

    def linear(self) -> Step:
        wide = self.one(16, 64, 512)
        options: dict[str, object] = {"bias": "False"} if self.chance(2) else {}
        step = Step(self.text("Linear", self.channels, wide, **options))
        self.channels = wide
        return step

    def feature(self) -> list[Step]:
        """A few operations on a feature map, in an order that may be found fault with."""
        match self.one("block", "block", "block", "pool", "pool", "twice", "nothing", "dropout"):
            case "block":
                return [self.convolution(), *([self.norm()] if self.chance(5) else []), self.activation()]
            case "pool":
                return [self.activation(), self.pool()]
            case "twice":
                return [self.activation(), self.activation()]
            case "nothing":
                return [Step("nn.Identity()", stateless=True) if self.chance(5) else Step("nn.AvgPool2d(1)", stateless=True)]
        return [self.dropout()]

    def vector(self) -> list[Step]:
        steps = [self.linear()]
        for make in self.one((self.activation,), (self.norm, self.activation), (self.activation, self.dropout), (self.dropout, self.norm)):
            steps.append(make())
        return steps

    # -- as statements of a class -----------------------------------------------------------------------------------------

    def attribute(self, constructor: str, stateless: bool = False) -> str:
        """An attribute of the module, one that is there already where the layer has no state."""
        if stateless and constructor in self.shared and self.chance(4):
            return self.shared[constructor]
        self.count += 1
        name = f"{self.one('layer', 'conv', 'act', 'block')}{self.count}"
        self.init.append(f"self.{name} = {constructor}{self.comment()}")
        self.shared[constructor] = name
        return name

    def comment(self) -> str:
        return self.one(*COMMENTS) if self.chance(2) else ""

    def call(self, step: Step, value: str) -> str:
        self.steps += 1
        if step.function:
            return step.function.format(value)
        return f"self.{self.attribute(step.constructor, step.stateless)}({f' {value} ' if self.chance(1) else value})"

    def chain(self, steps: list[Step], value: str, to: str) -> None:
        """Statements that apply the steps one after the other, nested into each other as it comes."""
        current = value
        for step in steps:
            current = self.call(step, current)
            if self.chance(5):
                self.assign(to, current)
                current = to
        if current != to:
            self.assign(to, current)

    def assign(self, name: str, value: str) -> None:
        if self.chance(1):
            value = f"(\n    {value}\n)"
        line = f"{name} = {value}"
        if self.body and self.chance(1) and "\n" not in line and "#" not in self.body[-1] and "\n" not in self.body[-1]:
            self.body[-1] += f"; {line}"
        else:
            self.body.append(line + ("" if "\n" in line else self.comment()))

    def sequential(self, steps: list[Step]) -> str:
        """The same steps as a container; functions become layers that are close to them."""
        self.steps += len(steps)
        written = [step.constructor or "nn.ReLU()" for step in steps]
        if self.chance(3):
            return f"nn.Sequential({', '.join(written)})"
        comma = self.one(",", ",", "")
        lines = [f"    {text}{',' if place < len(written) - 1 else comma}{self.comment()}" for place, text in enumerate(written)]
        return "nn.Sequential(\n" + "\n".join(lines) + "\n)"

    def listed(self, steps: list[Step]) -> None:
        """A container that is filled from a list."""
        self.count += 1
        self.steps += len(steps)
        written = [step.constructor or "nn.ReLU()" for step in steps]
        if self.chance(5):
            self.init.append("layers = []")
            self.init += [f"layers.append({text}){self.comment()}" if self.chance(5) else f"layers += [{text}]" for text in written]
        else:
            self.init.append(f"layers = [{', '.join(written)}]")
        self.init.append(f"self.list{self.count} = nn.Sequential(*layers)")
        self.body.append(f"x = self.list{self.count}(x)")

    def residual(self) -> None:
        channels, sizes = self.channels, self.sizes
        self.body.append("identity = x")
        steps = [self.convolution(strided=False), self.activation(), self.convolution(strided=False), self.norm()]
        shortcut = "identity"
        self.chain(steps, "x", "out")
        if self.channels != channels:
            shortcut = f"self.{self.attribute(self.text('Conv2d', channels, self.channels, 1))}(identity)"
        assert self.sizes == sizes
        self.body.append(self.one(f"out = out + {shortcut}", f"out += {shortcut}", f"out = torch.add(out, {shortcut})"))
        self.chain([self.activation(), *([self.pool()] if self.chance(5) else [])], "out", "x")

    def joined(self) -> None:
        """Two branches of one value."""
        start, sizes = self.channels, self.sizes
        self.chain([self.convolution(strided=False), self.activation()], "x", "a")
        first = self.channels
        self.channels = start
        self.chain([self.activation(), self.convolution(strided=False)], "x", "b")
        self.channels += first
        assert self.sizes == sizes
        self.body.append(f"x = torch.cat({self.one('[a, b]', '(a, b)')}, {self.one('1', 'dim=1')})")

    # -- whole programs -----------------------------------------------------------------------------------------------------

    def network(self) -> str:
        """A class and its instance."""
        for _ in range(self.draw(st.integers(1, 4))):
            match self.one("chain", "chain", "sequential", "list", "residual", "joined"):
                case "chain":
                    self.chain(self.feature(), "x", "x")
                case "sequential":
                    self.attribute_of(self.sequential([*self.feature(), *self.feature()]))
                case "list":
                    self.listed(self.feature())
                case "residual":
                    self.residual()
                case "joined":
                    self.joined()
        self.flatten()
        for _ in range(self.draw(st.integers(0, 2))):
            if self.chance(3):
                self.attribute_of(self.sequential(self.vector()))
            else:
                self.chain(self.vector(), "x", "x")
        last = self.call(Step(self.text("Linear", self.channels, 5)), "x")
        self.body.append(f"return {self.one('{}', '{}', '{}', 'F.log_softmax({}, 1)', 'torch.softmax({}, dim=1)').format(last)}")
        lines = ["", "", f"class Net({self.one('nn.Module', 'torch.nn.Module')}):"]
        lines += [
            self.one("    def __init__(self):", "    def __init__(self) -> None:"),
            f"        {self.one('super()', 'super(Net, self)')}.__init__()",
        ]
        lines += [textwrap.indent(line, " " * 8) for line in self.init]
        lines += ["", "    def forward(self, x):", *(textwrap.indent(line, " " * 8) for line in self.body), "", "", "net = Net()", ""]
        return "\n".join(lines)

    def attribute_of(self, constructor: str) -> None:
        self.body.append(f"x = self.{self.attribute(constructor)}(x)")

    def flatten(self) -> None:
        area = self.sizes[0] * self.sizes[1]
        if area > 40 or self.chance(3):
            self.body.append(self.one("x = x.mean([2, 3])", "x = F.adaptive_avg_pool2d(x, 1).flatten(1)", "x = x.mean(dim=(-2, -1))"))
        else:
            self.channels *= area
            self.body.append(self.one("x = torch.flatten(x, 1)", "x = x.flatten(1)", "x = x.reshape(x.size(0), -1)"))
        self.sizes = ()

    def flat(self) -> str:
        """A container at the level of the module."""
        steps = [step for _ in range(self.draw(st.integers(1, 4))) for step in self.feature()]
        steps += [Step("nn.AdaptiveAvgPool2d(1)"), Step("nn.Flatten()")]
        self.sizes = ()
        steps += [step for _ in range(self.draw(st.integers(0, 2))) for step in self.vector()]
        steps.append(Step(self.text("Linear", self.channels, 5)))
        return f"\n\nnet = {self.sequential(steps)}\n"

    def training(self) -> str:
        """A loop that trains the network."""
        loss = self.one("nn.CrossEntropyLoss()", "nn.NLLLoss()", "nn.CrossEntropyLoss(label_smoothing=0.1)")
        kind = self.one("Adam", "AdamW", "SGD")
        rest = {"Adam": "lr=1e-3", "AdamW": "lr=1e-3", "SGD": "lr=0.1, momentum=0.9"}[kind] + self.one(
            "", ", weight_decay=1e-4", ", weight_decay=0.5"
        )
        lines = [f"criterion = {loss}", f"optimizer = torch.optim.{kind}(net.parameters(), {rest})", "", "", "def train(images, labels):"]
        lines.append("    data = torch.utils.data.TensorDataset(images, labels)")
        lines.append(f"    for x, y in torch.utils.data.DataLoader(data, batch_size={self.one(4, 1)}):")
        lines += [
            f"        {line}" for line in ("optimizer.zero_grad()", "loss = criterion(net(x), y)", "loss.backward()", "optimizer.step()")
        ]
        return "\n".join(lines) + "\n"


@st.composite
def programs(draw: Any) -> Program:
    """A program of a class or a container, perhaps with a training loop."""
    writer = Writer(draw)
    source = writer.one(*HEADS) + (writer.network() if writer.chance(8) else writer.flat())
    if writer.chance(4):
        source += writer.training()
    if writer.chance(1):
        source = source.replace("\n", "\r\n")
    if writer.chance(1):
        source = source.replace("    ", "\t")
    return Program(source if writer.chance(9) else source.rstrip(), writer.steps)
