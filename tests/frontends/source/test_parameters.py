"""Learned tensors of a network's own: counted, shared, frozen, initialised."""

from __future__ import annotations

import pytest

OWN = {
    "self.w = nn.Parameter(torch.randn(3, 4))": {"w": (3, 4)},
    "self.w = nn.Parameter(torch.zeros(5), requires_grad=False)": {"w": (5,)},
    "self.w = nn.Parameter(torch.tensor(1.0))": {"w": ()},
    "self.w = nn.Parameter(torch.tensor([1.0, 2.0]))": {"w": (2,)},
    "self.w = nn.Parameter(torch.ones((2, 3)) * 0.1)": {"w": (2, 3)},
    "self.w = nn.Parameter(torch.empty(2, 2).normal_(std=0.02))": {"w": (2, 2)},
    "self.w = nn.Parameter(torch.full((4,), 0.5))": {"w": (4,)},
    "self.w = torch.nn.parameter.Parameter(torch.rand(size=(2, 2)))": {"w": (2, 2)},
    "from torch.nn import Parameter\nself.w = Parameter(torch.Tensor(3, 2))": {"w": (3, 2)},
    "self.register_parameter('w', nn.Parameter(torch.zeros(7)))": {"w": (7,)},
    "self.register_parameter('w', None)": {},
    "self.register_buffer('m', torch.zeros(3, 4))": {},
    "self.m = torch.zeros(9)": {},
    "self.m = 3.0": {},
    "self.w = nn.ParameterList([nn.Parameter(torch.zeros(i + 1)) for i in range(3)])": {"w.0": (1,), "w.1": (2,), "w.2": (3,)},
    "self.w = nn.ParameterDict({'a': nn.Parameter(torch.zeros(2))})": {"w.a": (2,)},
    "for i in range(2):\n    setattr(self, f'w{i}', nn.Parameter(torch.zeros(i + 1)))": {"w0": (1,), "w1": (2,)},
    "n = 3\nself.w = nn.Parameter(torch.zeros(1, n ** 2 + 1, 2 * n))": {"w": (1, 10, 6)},
    "self.f = nn.Linear(2, 3)\nself.f.bias = None": {"f.weight": (3, 2)},
    "self.f = nn.Linear(2, 3)\nself.f.weight = nn.Parameter(torch.zeros(3, 2))": {"f.weight": (3, 2), "f.bias": (3,)},
    "self.w = nn.Parameter(nn.Linear(2, 3).weight.clone())": {"w": (3, 2)},
}


@pytest.mark.parametrize(("init", "shapes"), OWN.items())
def test_own_parameters_and_buffers(module, init, shapes):
    seen = module(init)
    found = dict(zip(seen.keys, seen.graph.parameters(), strict=True))
    assert {key: parameter.shape for key, parameter in found.items()} == shapes
    assert seen.parameters == sum(p.count() for p in found.values())


TIED = {
    "assigned": "self.out.weight = self.emb.weight",
    "the other way": "self.emb.weight = self.out.weight",
    "with setattr": "setattr(self.out, 'weight', self.emb.weight)",
    "in a method": "self.tie()",
}


@pytest.mark.parametrize("tie", TIED.values(), ids=TIED)
def test_tied_weights_are_one_parameter(network, tie):
    seen = network(
        f"""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.emb = nn.Embedding(10, 4)
                self.out = nn.Linear(4, 10, bias=False)
                {tie}
            def tie(self):
                self.out.weight = self.emb.weight
            def forward(self, x):
                return self.out(self.emb(x))
        """
    )
    assert seen.formula == "Linear(Embedding(x))"
    assert seen.layer("emb").parameters["weight"] is seen.layer("out").parameters["weight"]
    assert seen.parameters == 40


FREEZING = {
    "one": "self.f.weight.requires_grad = False",
    "requires_grad_": "self.f.weight.requires_grad_(False)",
    "parameter with requires_grad": "self.f.weight = nn.Parameter(torch.zeros(3, 2), requires_grad=False)",
    "by name": "for name, p in self.named_parameters():\n    if name == 'f.weight':\n        p.requires_grad = False",
    "by name inside": "for name, p in self.f.named_parameters():\n    p.requires_grad = 'weight' not in name",
}


@pytest.mark.parametrize("code", FREEZING.values(), ids=FREEZING)
def test_frozen_parameters(module, code):
    layer = module(f"self.f = nn.Linear(2, 3)\n{code}").layer("f")
    assert {name: p.trainable for name, p in layer.parameters.items()} == {"weight": False, "bias": True}


FROZEN_MODULES = {
    "loop": "for p in self.f.parameters():\n    p.requires_grad = False",
    "requires_grad_": "self.f.requires_grad_(False)",
    "loop of requires_grad_": "for p in self.parameters():\n    p.requires_grad_(False)",
}


@pytest.mark.parametrize("code", FROZEN_MODULES.values(), ids=FROZEN_MODULES)
def test_frozen_modules(module, code):
    layer = module(f"self.f = nn.Linear(2, 3)\n{code}").layer("f")
    assert [p.trainable for p in layer.parameters.values()] == [False, False]


INITIALIZED = {
    "directly": "nn.init.kaiming_normal_(self.f.weight, mode='fan_out', nonlinearity='relu')",
    "alias": "import torch.nn.init as init\ninit.kaiming_normal_(self.f.weight, mode='fan_out', nonlinearity='relu')",
    "from import": "from torch.nn.init import kaiming_normal_\nkaiming_normal_(self.f.weight, mode='fan_out', nonlinearity='relu')",
    "data": "nn.init.kaiming_normal_(self.f.weight.data, mode='fan_out', nonlinearity='relu')",
    "no_grad": "with torch.no_grad():\n    nn.init.kaiming_normal_(self.f.weight, mode='fan_out', nonlinearity='relu')",
    "loop over modules": "for m in self.modules():\n    if isinstance(m, nn.Conv2d):\n        nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')",
    "loop over named modules": "for name, m in self.named_modules():\n    if isinstance(m, (nn.Conv2d, nn.Linear)):\n        nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')",
    "loop over children": "for m in self.children():\n    if hasattr(m, 'weight'):\n        nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')",
    "loop over parameters": "for name, p in self.named_parameters():\n    if p.dim() > 1:\n        nn.init.kaiming_normal_(p, mode='fan_out', nonlinearity='relu')",
    "apply": "def init(m):\n    if isinstance(m, nn.Conv2d):\n        nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')\nself.apply(init)",
    "apply of a lambda": "self.apply(lambda m: nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu') if isinstance(m, nn.Conv2d) else None)",
    "apply of a partial": "import functools\ndef init(m, mode):\n    if type(m) is nn.Conv2d:\n        nn.init.kaiming_normal_(m.weight, mode=mode, nonlinearity='relu')\nself.apply(functools.partial(init, mode='fan_out'))",
    "by class name": "for m in self.modules():\n    if m.__class__.__name__.find('Conv') != -1:\n        nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')",
}  # fmt: skip


@pytest.mark.parametrize("code", INITIALIZED.values(), ids=INITIALIZED)
def test_initialisers(module, code):
    layer = module(f"self.f = nn.Conv2d(2, 3, 3)\n{code}").layer("f")
    found = layer.parameters["weight"].initialization
    assert found is not None
    assert found.name == "kaiming_normal_"
    assert (found.options["mode"], found.options["nonlinearity"]) == ("fan_out", "relu")
    assert layer.parameters["bias"].initialization is None


CONSTANTS = {
    "nn.init.zeros_(self.f.bias)": "zeros_",
    "nn.init.constant_(self.f.bias, 0.1)": "constant_",
    "self.f.bias.data.zero_()": "zero_",
    "self.f.bias.data.fill_(0.01)": "fill_",
    "self.f.bias.data = torch.zeros(3)": "data",
    "self.f.bias.data.uniform_(-0.1, 0.1)": "uniform_",
    "torch.nn.init.normal_(self.f.bias, std=0.02)": "normal_",
}


@pytest.mark.parametrize(("code", "name"), CONSTANTS.items())
def test_initialisers_of_a_bias(module, code, name):
    layer = module(f"self.f = nn.Conv2d(2, 3, 3)\n{code}").layer("f")
    found = layer.parameters["bias"].initialization
    assert found is not None
    assert found.name == name
    assert layer.parameters["weight"].initialization is None


def test_an_initialiser_applied_from_outside(networks):
    (seen,) = networks(
        """
        def init(m):
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                m.bias.data.fill_(0.01)
        net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))
        net.apply(init)
        """
    )
    assert [p.initialization.name for p in seen.graph.parameters()] == ["xavier_uniform_", "fill_"] * 2


def test_the_place_of_an_initialiser(text):
    (seen,) = text("from torch import nn\nnet = nn.Linear(1, 2)\nseq = nn.Sequential(net)\nnn.init.zeros_(net.weight)\n")
    (weight, _) = seen.graph.parameters()
    place = weight.initialization.site.location()
    assert (place.row, place.column, place.end_row, place.end_column) == (4, 1, 4, 27)


WRAPPED = ["weight_norm", "spectral_norm", "parametrizations.weight_norm", "parametrizations.spectral_norm"]


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_wrapped_layers(module, wrapper):
    seen = module(f"self.f = nn.utils.{wrapper}(nn.Linear(2, 3))", "return self.f(x)")
    assert seen.formula == "Linear(x)"
    assert seen.layer("f").wrapped == (wrapper.rpartition(".")[2],)
    assert seen.parameters == (12 if wrapper.endswith("weight_norm") else 9)


def test_hooks_and_indexing_are_noted(module):
    seen = module(
        "self.a = nn.ReLU()\nself.a.register_forward_hook(print)\nself.f = nn.Sequential(nn.ReLU())", "return self.a(self.f[0](x))"
    )
    assert seen.layer("a").hooked
    assert seen.layer("f").indexed
    assert not seen.layer("f.0").hooked


def test_an_initialiser_that_may_not_run_leaves_the_start_unknown(networks):
    [seen] = networks(
        """
        class Net(nn.Module):
            def __init__(self, kind):
                super().__init__()
                self.fc = nn.Linear(2, 3)
                for m in self.modules():
                    if isinstance(m, kind):
                        nn.init.constant_(m.weight, 1)
            def forward(self, x):
                return self.fc(x)
        """
    )
    weight = next(p for p in seen.graph.parameters() if p.name == "weight")
    assert weight.initialization is not None and weight.initialization.name == "unknown"
