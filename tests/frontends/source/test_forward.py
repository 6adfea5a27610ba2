"""What `forward` computes: calls, methods, operators, loops, branches, and how results reach each other."""

from __future__ import annotations

import pytest

from netlint.graph import Unknown
from netlint.graph.operators import Dropout

SAME = {
    "ReLU(x)": [
        "F.relu(x)",
        "torch.relu(x)",
        "x.relu()",
        "F.relu(input=x)",
        "F.relu(x, inplace=True)",
        "F.relu_(x)",
        "torch.relu_(x)",
        "x.relu_()",
        "nn.ReLU()(x)",
        "nn.ReLU(inplace=True).forward(x)",
        "nn.functional.relu(x)",
        "torch.nn.functional.relu(x)",
        "torch.nn.ReLU()(x)",
        "torch.nn.modules.activation.ReLU()(x)",
    ],
    "Sigmoid(x)": ["torch.sigmoid(x)", "x.sigmoid()", "F.sigmoid(x)", "nn.Sigmoid()(x)", "x.sigmoid_()", "torch.special.expit(x)"],
    "Tanh(x)": ["torch.tanh(x)", "x.tanh()", "F.tanh(x)", "nn.Tanh()(x)"],
    "LeakyReLU(x)": ["F.leaky_relu(x, 0.1)", "nn.LeakyReLU(0.1)(x)", "F.leaky_relu_(x, 0.1)"],
    "GELU(x)": ["F.gelu(x)", "nn.GELU()(x)", "F.gelu(x, approximate='tanh')"],
    "SiLU(x)": ["F.silu(x)", "nn.SiLU()(x)"],
    "Softmax(x)": ["F.softmax(x, dim=1)", "torch.softmax(x, 1)", "x.softmax(-1)", "nn.Softmax(dim=1)(x)"],
    "LogSoftmax(x)": ["F.log_softmax(x, dim=1)", "torch.log_softmax(x, 1)", "nn.LogSoftmax(1)(x)", "x.log_softmax(1)"],
    "MaxPool2d(x)": ["F.max_pool2d(x, 2)", "nn.MaxPool2d(2)(x)", "torch.max_pool2d(x, 2)", "F.max_pool2d(x, (2, 2), stride=2)"],
    "AdaptiveAvgPool2d(x)": ["F.adaptive_avg_pool2d(x, 1)", "nn.AdaptiveAvgPool2d(1)(x)", "nn.AdaptiveAvgPool2d((1, 1))(x)"],
    "Dropout(x)": ["F.dropout(x, 0.5)", "nn.Dropout()(x)", "torch.dropout(x, 0.5, True)"],
    "Flatten(x)": ["torch.flatten(x, 1)", "x.flatten(1)", "nn.Flatten()(x)"],
    "Add(x, y)": ["x + y", "torch.add(x, y)", "x.add(y)", "x.add_(y)"],
    "Sub(x, y)": ["x - y", "torch.sub(x, y)", "x.sub(y)", "torch.subtract(x, y)"],
    "Mul(x, y)": ["x * y", "torch.mul(x, y)", "x.mul(y)", "x.mul_(y)", "torch.multiply(x, y)"],
    "Div(x, y)": ["x / y", "torch.div(x, y)", "x.div(y)", "torch.true_divide(x, y)"],
    "Mul(x, 2)": ["x * 2", "x.mul(2)", "torch.mul(x, 2)"],
    "Mul(2, x)": ["2 * x"],
    "Add(x, 1)": ["x + 1", "x.add(1)"],
    "Sub(1, x)": ["1 - x"],
    "MatMul(x, y)": ["x @ y", "torch.matmul(x, y)", "x.matmul(y)", "torch.bmm(x, y)", "x.mm(y)"],
    "Concat(x, y)": ["torch.cat([x, y], 1)", "torch.cat((x, y), dim=1)", "torch.concat([x, y], axis=1)", "torch.cat(tensors=[x, y], dim=-1)"],
    "Stack(x, y)": ["torch.stack([x, y])", "torch.stack((x, y), dim=1)"],
    "mean(x)": ["x.mean([2, 3])", "torch.mean(x, dim=(2, 3))", "x.mean((-2, -1))", "x.mean(dim=1, keepdim=True)"],
    "sum(x)": ["x.sum()", "torch.sum(x)", "x.sum(1)"],
    "Pow(x, 2)": ["x ** 2", "x.pow(2)", "torch.pow(x, 2)"],
    "exp(x)": ["x.exp()", "torch.exp(x)", "x.exp_()"],
    "Permute(x)": ["x.permute(0, 2, 1)", "torch.permute(x, (0, 2, 1))", "x.transpose(1, 2)", "torch.transpose(x, 1, 2)"],
    "Unsqueeze(x)": ["x.unsqueeze(1)", "torch.unsqueeze(x, 1)"],
    "Squeeze(x)": ["x.squeeze(1)", "torch.squeeze(x, 1)", "x.squeeze()"],
    "Identity(x)": ["x.contiguous()", "x.clone()", "nn.Identity()(x)", "x.to('cuda')", "x.float()", "x.cuda()"],
    "Detach(x)": ["x.detach()", "x.data"],
    "Embedding(x)": ["nn.Embedding(9, 4)(x)"],
    "BatchNorm2d(x)": ["nn.BatchNorm2d(4)(x)"],
    "LayerNorm(x)": ["F.layer_norm(x, (4,))", "nn.LayerNorm(4)(x)"],
    "x": ["x", "(x)", "[x][0]", "(x, y)[0]", "{'a': x}['a']", "x if True else y", "(lambda a: a)(x)"],
}  # fmt: skip


@pytest.mark.parametrize(("expected", "expression"), [(k, e) for k, group in SAME.items() for e in group], ids=lambda v: v)
def test_every_spelling_of_an_operation(module, expected, expression):
    assert module("", f"return {expression}", arguments="x, y").formula == expected


INPLACE = {
    "F.relu(x, inplace=True)": True,
    "F.relu_(x)": True,
    "x.relu_()": True,
    "nn.ReLU(inplace=True)(x)": True,
    "nn.ReLU(True)(x)": True,
    "x.add_(1)": True,
    "F.relu(x)": False,
    "x.relu()": False,
    "nn.ReLU(inplace=False)(x)": False,
    "x + 1": False,
}


@pytest.mark.parametrize(("expression", "inplace"), INPLACE.items())
def test_in_place_variants(module, expression, inplace):
    (result,) = module("", f"return {expression}").graph.outputs
    assert result.inplace is inplace


def test_augmented_assignment_is_in_place(module):
    (result,) = module("", "x += 1\nreturn x").graph.outputs
    assert (result.name, result.inplace) == ("Add", True)


DROPOUTS = {
    "nn.Dropout(0.3)(x)": (0.3, None, True),
    "F.dropout(x)": (0.5, True, False),
    "F.dropout(x, 0.2)": (0.2, True, False),
    "F.dropout(x, p=0.2, training=self.training)": (0.2, None, True),
    "F.dropout(x, 0.2, self.training)": (0.2, None, True),
    "F.dropout(x, 0.2, training=True)": (0.2, True, True),
    "F.dropout(x, 0.2, False)": (0.2, False, True),
}


@pytest.mark.parametrize(("expression", "facts"), DROPOUTS.items())
def test_how_dropout_was_told_its_mode(module, expression, facts):
    (result,) = module("", f"return {expression}").graph.outputs
    assert isinstance(result, Dropout)
    assert (result.p, result.training, result.explicit) == facts


def test_functional_calls_have_no_layer_and_modules_do(module):
    functional, applied = (module("self.f = nn.ReLU()", f"return {code}").graph.outputs[0] for code in ("F.relu(x)", "self.f(x)"))
    assert functional.layer is None
    assert functional.path == ""
    assert applied.layer is not None
    assert applied.path == "f"


FORWARDS = {
    "residual": ("self.f = nn.Linear(2, 2)", "return x + self.f(x)", "Add(x, Linear(x))"),
    "residual in place": ("self.f = nn.Linear(2, 2)", "y = self.f(x)\ny += x\nreturn y", "Add(Linear(x), x)"),
    "scaled residual": ("self.f = nn.Linear(2, 2)", "return x + 0.1 * self.f(x)", "Add(x, Mul(0.1, Linear(x)))"),
    "gate": ("self.f = nn.Linear(2, 2)", "return x * torch.sigmoid(self.f(x))", "Mul(x, Sigmoid(Linear(x)))"),
    "dense": (
        "self.f = nn.ModuleList([nn.Linear(2, 2), nn.Linear(4, 2)])",
        "xs = [x]\nfor f in self.f:\n    xs.append(f(torch.cat(xs, 1)))\nreturn torch.cat(xs, 1)",
        "Concat(x, Linear(Concat(x)), Linear(Concat(x, Linear(Concat(x)))))",
    ),
    "branches concatenated": (
        "self.a = nn.Linear(2, 2)\nself.b = nn.Linear(2, 2)",
        "return torch.cat([f(x) for f in (self.a, self.b)], dim=1)",
        "Concat(Linear(x), Linear(x))",
    ),
    "known loop": ("self.f = nn.Linear(2, 2)", "for _ in range(3):\n    x = self.f(x).relu()\nreturn x", "ReLU(Linear(ReLU(Linear(ReLU(Linear(x))))))"),
    "loop over an attribute": ("self.n = 2", "for i in range(self.n):\n    x = x.tanh()\nreturn x", "Tanh(Tanh(x))"),
    "index decides": ("self.f = nn.ModuleList([nn.ReLU(), nn.Tanh(), nn.ReLU()])", "for i, f in enumerate(self.f):\n    if i != 1:\n        x = f(x)\nreturn x", "ReLU(ReLU(x))"),
    "local function": ("", "def twice(f, v):\n    return f(f(v))\nreturn twice(torch.relu, x)", "ReLU(ReLU(x))"),
    "lambda": ("self.f = lambda v: F.gelu(v)", "return self.f(x)", "GELU(x)"),
    "function attribute": ("self.f = F.relu", "return self.f(x)", "ReLU(x)"),
    "partial": ("from functools import partial\nself.f = partial(F.leaky_relu, negative_slope=0.2)", "return self.f(x)", "LeakyReLU(x)"),
    "view": ("", "return x.view(x.size(0), -1)", "Reshape(x)"),
    "reshape by shape": ("", "b, c, h, w = x.shape\nreturn x.reshape(b, c * h * w)", "Reshape(x)"),
    "slice": ("", "return x[:, 0]", "Slice(x)"),
    "chunk": ("", "a, b = x.chunk(2, dim=1)\nreturn a * torch.sigmoid(b)", "Mul(Split(x)[0], Sigmoid(Split(x)[1]))"),
    "split": ("", "a, b = torch.split(x, [2, 2], dim=1)\nreturn a + b", "Add(Split(x)[0], Split(x)[1])"),
    "unbind": ("", "q, k = x.unbind(0)\nreturn q @ k.transpose(-2, -1)", "MatMul(Split(x)[0], Permute(Split(x)[1]))"),
    "lstm": ("self.f = nn.LSTM(2, 3)", "y, (h, c) = self.f(x)\nreturn y", "LSTM(x)[0]"),
    "lstm last state": ("self.f = nn.LSTM(2, 3)", "_, (h, _) = self.f(x)\nreturn h[-1]", "Slice(LSTM(x)[1])"),
    "gru by index": ("self.f = nn.GRU(2, 3)", "return self.f(x)[0]", "GRU(x)[0]"),
    "attention": ("self.f = nn.MultiheadAttention(4, 2)", "y, _ = self.f(x, x, x)\nreturn x + y", "Add(x, MultiheadAttention(x, x, x)[0])"),
    "max of a dimension": ("", "values, indices = x.max(dim=1)\nreturn values", "max(x)[0]"),
    "several reductions": ("", "return torch.cat([x.mean(1), x.amax(1)], 1)", "Concat(mean(x), amax(x))"),
    "no_grad": ("", "with torch.no_grad():\n    y = x.relu()\nreturn x + y", "Add(x, Detach(ReLU(x)))"),
    "constant": ("", "return torch.zeros(2) + x", "Add(zeros, x)"),
    "buffer": ("self.register_buffer('m', torch.ones(3))", "return x * self.m", "Mul(x, ones)"),
    "weight": ("self.w = nn.Parameter(torch.randn(3))", "return x * self.w", "Mul(x, w)"),
    "weight of a layer": ("self.f = nn.Linear(2, 2)", "return x @ self.f.weight.t()", "MatMul(x, Permute(weight))"),
    "functional linear": ("self.w = nn.Parameter(torch.randn(3, 2))", "return F.linear(x, self.w)", "Linear(x, w)"),
    "functional convolution": ("self.w = nn.Parameter(torch.randn(4, 3, 3, 3))", "return F.conv2d(x, self.w, padding=1)", "Conv2d(x, w)"),
    "sum of a list": ("", "return sum([x.relu(), x.tanh()])", "Add(ReLU(x), Tanh(x))"),
    "conditional expression": ("self.norm = None", "return self.norm(x) if self.norm else x", "x"),
    "training is true": ("", "if self.training:\n    return x.relu()\nreturn x", "ReLU(x)"),
    "assertion on a shape": ("", "assert x.shape[1] == 3\nreturn x.relu()", "ReLU(x)"),
    "deleted name": ("", "y = x.relu()\ndel x\nreturn y", "ReLU(x)"),
    "checkpoint": ("self.f = nn.Linear(2, 2)", "from torch.utils.checkpoint import checkpoint\nreturn checkpoint(self.f, x, use_reentrant=False)", "Linear(x)"),
}  # fmt: skip


@pytest.mark.parametrize(("init", "forward", "expected"), FORWARDS.values(), ids=FORWARDS)
def test_forwards(module, init, forward, expected):
    seen = module(init, forward)
    assert seen.formula == expected
    assert seen.undecided == []


RESULTS = {
    "two": ("return x.relu(), x.tanh()", "ReLU(x) ; Tanh(x)"),
    "list": ("return [x.relu(), x.tanh()]", "ReLU(x) ; Tanh(x)"),
    "dictionary": ("return {'a': x.relu(), 'b': x.tanh()}", "ReLU(x) ; Tanh(x)"),
    "nested": ("return x.relu(), (x.tanh(), [x])", "ReLU(x) ; Tanh(x) ; x"),
    "and None": ("return x.relu(), None", "ReLU(x)"),
    "grown list": ("ys = []\nfor f in (torch.relu, torch.tanh):\n    x = f(x)\n    ys.append(x)\nreturn ys", "ReLU(x) ; Tanh(ReLU(x))"),
}


@pytest.mark.parametrize(("forward", "expected"), RESULTS.values(), ids=RESULTS)
def test_several_results(module, forward, expected):
    assert module("", forward).formula == expected


INPUTS = {
    "two": ("x, y", "return x + y", "Add(x, y)"),
    "default None": ("x, mask=None", "if mask is not None:\n    x = x * mask\nreturn x", "x"),
    "keyword only": ("x, *, y", "return x * y", "Mul(x, y)"),
    "star": ("*xs", "return xs[0].relu()", "ReLU(xs)"),
    "annotated list": ("xs: list[Tensor]", "return torch.cat(xs, 1)", "Concat(xs)"),
    "typed flag": ("x, n: int = 2", "return x * n", "Mul(x, 2)"),
    "dictionary": ("batch", "return batch['a'].relu()", "ReLU(batch[a])"),
}


@pytest.mark.parametrize(("arguments", "forward", "expected"), INPUTS.values(), ids=INPUTS)
def test_inputs(module, arguments, forward, expected):
    assert module("", forward, arguments=arguments).formula == expected


def test_two_towers_that_share_an_encoder(module):
    seen = module("self.f = nn.Linear(4, 2)", "return F.cosine_similarity(self.f(x), self.f(y))", arguments="x, y")
    assert seen.operators.startswith("Linear Linear")
    assert seen.parameters == 10
    assert len(seen.graph.applications(seen.layer("f"))) == 2


def test_unet_skips_cross_the_network(module):
    seen = module(
        """
        self.down = nn.ModuleList([nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(4, 2, 2, 2)])
        """,
        """
        skips = []
        for conv in self.down:
            x = conv(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        for up, skip in zip(self.up, skips[::-1]):
            x = torch.cat([up(x), skip], dim=1)
        return x
        """,
    )
    second = "Conv2d(MaxPool2d(Conv2d(x)))"
    assert seen.formula == f"Concat(ConvTranspose2d(MaxPool2d({second})), {second})"


ATTRIBUTES = {
    "nn.Conv2d(3, 8, 5, stride=2, padding='same', groups=1, dilation=3, padding_mode='reflect')(x)": {
        "in_channels": 3, "out_channels": 8, "kernel_size": (5, 5), "stride": (2, 2), "padding": "same", "dilation": (3, 3), "padding_mode": "reflect",
    },
    "nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True)(x)": {"kernel_size": (3, 2), "stride": (2, 2), "padding": (1, 1), "ceil_mode": True},
    "F.max_pool2d(x, 3)": {"kernel_size": (3, 3), "stride": (3, 3)},
    "nn.LeakyReLU()(x)": {"negative_slope": 0.01},
    "F.elu(x, 0.5)": {"alpha": 0.5},
    "nn.PReLU(4, 0.1)(x)": {"num_parameters": 4, "init": 0.1},
    "nn.BatchNorm2d(8, 1e-3, momentum=None)(x)": {"num_features": 8, "eps": 1e-3, "momentum": None},
    "nn.GroupNorm(2, 8)(x)": {"num_groups": 2, "num_channels": 8},
    "nn.LayerNorm((3, 4), eps=1e-6)(x)": {"normalized_shape": (3, 4), "eps": 1e-6},
    "nn.Linear(3, 4, bias=False)(x)": {"in_features": 3, "out_features": 4, "bias": False},
    "nn.LSTM(3, 4, num_layers=2, batch_first=True, dropout=0.3)(x)[0]": {},
    "F.softmax(x, dim=-1)": {"dim": -1},
    "torch.flatten(x, 1)": {"start_dim": 1},
    "x.mean([2, 3], keepdim=True)": {"how": "mean", "dim": (2, 3), "keepdim": True},
    "x.norm(p=1)": {"how": "norm", "order": 1},
    "torch.cat([x, x], dim=1)": {"dim": 1},
}  # fmt: skip


@pytest.mark.parametrize(("expression", "attributes"), ATTRIBUTES.items())
def test_attributes_of_operators(module, expression, attributes):
    (result,) = module("", f"return {expression}").graph.outputs
    assert {name: getattr(result, name) for name in attributes} == attributes


SHAPES = {
    "nn.Conv2d(3, 8, 3, stride=2, padding=1)(x)": (2, 8, 16, 16),
    "F.max_pool2d(x, 2)": (2, 3, 16, 16),
    "x.flatten(1)": (2, 3072),
    "x.view(2, -1)": (2, 3072),
    "x.view(x.size(0), 3, -1)": (2, 3, 1024),
    "x.permute(0, 2, 3, 1)": (2, 32, 32, 3),
    "x.mean([2, 3])": (2, 3),
    "x.mean(1, keepdim=True)": (2, 1, 32, 32),
    "torch.cat([x, x], 1)": (2, 6, 32, 32),
    "x[:, 1:]": (2, 2, 32, 32),
    "x.unsqueeze(1)": (2, 1, 3, 32, 32),
    "nn.Linear(32, 5)(x)": (2, 3, 32, 5),
    "x.chunk(3, 1)[0]": (2, 1, 32, 32),
    "F.interpolate(x, scale_factor=2)": (2, 3, 64, 64),
    "nn.ConvTranspose2d(3, 4, 2, 2)(x)": (2, 4, 64, 64),
    "nn.AdaptiveAvgPool2d(7)(x)": (2, 3, 7, 7),
    "nn.Linear(x.shape[1] * 1024, 5)(x.flatten(1))": (2, 5),
    "x + x.mean()": (2, 3, 32, 32),
}


@pytest.mark.parametrize(("expression", "shape"), SHAPES.items())
def test_shapes(module, expression, shape):
    (result,) = module("", f"return {expression}", inputs=((2, 3, 32, 32),)).graph.outputs
    assert result.shape == shape


def test_a_symbolic_batch_stays_symbolic(module):
    batch = Unknown("the batch")
    (result,) = module("self.f = nn.Linear(12, 5)", "return self.f(x.flatten(1))", inputs=((batch, 3, 4),)).graph.outputs
    assert result.shape is not None
    assert isinstance(result.shape[0], Unknown)
    assert result.shape[1] == 5


METHODS = """
class Net(nn.Module):
    scale = 3
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
    @property
    def act(self):
        return F.relu
    @staticmethod
    def pool(x):
        return x.mean(1)
    @classmethod
    def scaled(cls, x):
        return x * cls.scale
    def features(self, x):
        return self.act(self.fc(x))
    def forward(self, x):
        return self.pool(self.scaled(self.features(x)))
"""


def test_methods_properties_and_class_attributes(network):
    assert network(METHODS).formula == "mean(Mul(ReLU(Linear(x)), 3))"


def test_operators_know_the_innermost_module_that_applies_them(network):
    seen = network(
        """
        class Block(nn.Module):
            def forward(self, x):
                return F.relu(x) + 1

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block()
            def forward(self, x):
                return self.block(x).tanh()
        """
    )
    assert [(o.name, o.path) for o in seen.graph.operators[1:] if o.name != "Constant"] == [
        ("ReLU", "block"),
        ("Add", "block"),
        ("Tanh", ""),
    ]
