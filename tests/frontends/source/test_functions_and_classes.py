"""How arguments travel: inheritance, `super()`, star arguments, partials, classes and functions as values, configurations."""

from __future__ import annotations

import pytest

from netlint.graph import Unknown

INHERITANCE = {
    "super().__init__()": """
        class Base(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.fc(x)
        class Net(Base):
            def __init__(self):
                super().__init__()
                self.act = nn.ReLU()
            def forward(self, x):
                return self.act(super().forward(x))
        """,
    "super(Net, self).__init__()": """
        class Net(nn.Module):
            def __init__(self):
                super(Net, self).__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.fc(x).relu()
        """,
    "nn.Module.__init__(self)": """
        class Net(nn.Module):
            def __init__(self):
                nn.Module.__init__(self)
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return F.relu(self.fc(x))
        """,
    "arguments for the base": """
        class Base(nn.Module):
            def __init__(self, n, act=None):
                super().__init__()
                self.fc = nn.Linear(2, n)
                self.act = act
            def forward(self, x):
                return self.act(self.fc(x))
        class Net(Base):
            def __init__(self, act=nn.ReLU):
                super().__init__(n=3, act=act())
        """,
    "no __init__ of its own": """
        class Base(nn.Module):
            def __init__(self, n=3):
                super().__init__()
                self.fc = nn.Linear(2, n)
        class Net(Base):
            def forward(self, x):
                return F.relu(self.fc(x))
        """,
    "hook method": """
        class Base(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = self.build()
            def forward(self, x):
                return self.act(self.fc(x))
        class Net(Base):
            def build(self):
                return nn.Linear(2, 3)
            def act(self, x):
                return x.relu()
        """,
    "class attribute": """
        class Base(nn.Module):
            width, act = 9, nn.Tanh
            def __init__(self):
                super().__init__()
                self.fc, self.a = nn.Linear(2, self.width), self.act()
            def forward(self, x):
                return self.a(self.fc(x))
        class Net(Base):
            width, act = 3, nn.ReLU
        """,
    "mixin": """
        class Activated:
            def activate(self, x):
                return torch.relu(x)
        class Net(Activated, nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.activate(self.fc(x))
        """,
    "diamond": """
        class Root(nn.Module):
            def __init__(self):
                super().__init__()
        class Left(Root):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
        class Right(Root):
            def __init__(self):
                super().__init__()
                self.act = nn.ReLU()
        class Net(Left, Right):
            def forward(self, x):
                return self.act(self.fc(x))
        """,
    "subclass of Sequential": """
        class Net(nn.Sequential):
            def __init__(self):
                super().__init__(nn.Linear(2, 3), nn.ReLU())
        """,
    "subclass of Sequential by add_module": """
        class Net(nn.Sequential):
            def __init__(self):
                super().__init__()
                self.add_module("fc", nn.Linear(2, 3))
                self.add_module("act", nn.ReLU())
        """,
    "subclass of a layer": """
        class Wide(nn.Linear):
            def __init__(self, n, **kwargs):
                super().__init__(2, n, **kwargs)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = Wide(3, bias=True)
            def forward(self, x):
                return self.fc(x).relu()
        """,
    "subclass of a layer with a forward": """
        class Activated(nn.Linear):
            def forward(self, x):
                return super().forward(x).relu()
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = Activated(2, 3)
            def forward(self, x):
                return self.fc(x)
        """,
    "abstract base": """
        from abc import ABC, abstractmethod
        class Base(nn.Module, ABC):
            @abstractmethod
            def forward(self, x): ...
        class Net(Base):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.fc(x).relu()
        """,
    "generic base": """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Base(nn.Module, Generic[T]):
            def __init__(self, n: int) -> None:
                super().__init__()
                self.fc = nn.Linear(2, n)
        class Net(Base[int]):
            def __init__(self) -> None:
                super().__init__(3)
            def forward(self, x: Tensor) -> Tensor:
                return self.fc(x).relu()
        """,
    "nested class": """
        class Net(nn.Module):
            class Inner(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 3)
                def forward(self, x):
                    return self.fc(x)
            def __init__(self):
                super().__init__()
                self.inner = self.Inner()
            def forward(self, x):
                return self.inner(x).relu()
        """,
    "class made in a function": """
        def make(n):
            class Inner(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, n)
                def forward(self, x):
                    return self.fc(x).relu()
            return Inner
        Net = make(3)
        """,
}


@pytest.mark.parametrize("code", INHERITANCE.values(), ids=INHERITANCE)
def test_inheritance(network, code):
    seen = network(code, network="Net")
    assert seen.formula.replace("(input)", "(x)") == "ReLU(Linear(x))"
    assert seen.parameters == 9
    assert seen.graph.concrete


ARGUMENTS = {
    "defaults": ("def __init__(self, n=3, act=nn.ReLU, bias=True):", "nn.Linear(2, n, bias)", "act()", "Net()"),
    "keyword": ("def __init__(self, n, act):", "nn.Linear(2, n)", "act", "Net(act=nn.ReLU(), n=3)"),
    "keyword only": ("def __init__(self, *, n, act=nn.ReLU):", "nn.Linear(2, n)", "act()", "Net(n=3)"),
    "*args": ("def __init__(self, *args):", "nn.Linear(2, args[0])", "args[1]()", "Net(3, nn.ReLU)"),
    "**kwargs": ("def __init__(self, **kwargs):", "nn.Linear(2, kwargs['n'])", "kwargs.get('act', nn.ReLU)()", "Net(n=3)"),
    "**kwargs passed on": (
        "def __init__(self, act=nn.ReLU, **kwargs):",
        "nn.Linear(**kwargs)",
        "act()",
        "Net(in_features=2, out_features=3)",
    ),
    "* of a tuple": ("def __init__(self, a, b, act):", "nn.Linear(a, b)", "act()", "Net(*(2, 3), nn.ReLU)"),
    "** of a dictionary": ("def __init__(self, n, act):", "nn.Linear(2, n)", "act()", "Net(**dict(n=3), **{'act': nn.ReLU})"),
    "instance": ("def __init__(self, act=nn.ReLU()):", "nn.Linear(2, 3)", "act", "Net()"),
    "None default": ("def __init__(self, n=None, act=None):", "nn.Linear(2, n or 3)", "nn.ReLU() if act is None else act", "Net()"),
    "string": ("def __init__(self, act='ReLU'):", "nn.Linear(2, 3)", "getattr(nn, act)()", "Net()"),
    "partial of a layer": ("def __init__(self, fc, act):", "fc(out_features=3)", "act()", "Net(functools.partial(nn.Linear, 2), nn.ReLU)"),
    "lambda": ("def __init__(self, fc):", "fc(2, 3)", "nn.ReLU()", "Net(lambda i, o: nn.Linear(i, o))"),
    "function": ("def __init__(self, fc):", "fc(3)", "nn.ReLU()", "Net(linear)"),
    "function in forward": ("def __init__(self, act=F.relu):", "nn.Linear(2, 3)", "act", "Net()"),
    "torch function": ("def __init__(self, act=torch.relu):", "nn.Linear(2, 3)", "act", "Net()"),
    "list": ("def __init__(self, widths=(2, 3)):", "nn.Linear(*widths)", "nn.ReLU()", "Net([2, 3])"),
    "partial of the network": ("def __init__(self, n, act):", "nn.Linear(2, n)", "act()", "functools.partial(Net, act=nn.ReLU)(3)"),
    "annotated": ("def __init__(self, n: int = 3, act: type[nn.Module] | None = nn.ReLU) -> None:", "nn.Linear(2, n)", "act()", "Net()"),
}


@pytest.mark.parametrize(("signature", "layer", "act", "call"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments(network, signature, layer, act, call):
    seen = network(
        f"""
        import functools
        def linear(n):
            return nn.Linear(2, n)
        class Net(nn.Module):
            {signature}
                super().__init__()
                self.fc = {layer}
                self.act = {act}
            def forward(self, x):
                return self.act(self.fc(x))
        net = {call}
        """
    )
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.parameters == 9


def test_norm_layer_none_then_batch_norm(network):
    seen = network(
        """
        class Net(nn.Module):
            def __init__(self, norm_layer=None):
                super().__init__()
                if norm_layer is None:
                    norm_layer = nn.BatchNorm2d
                self.bn = norm_layer(8)
            def forward(self, x):
                return self.bn(x)
        """
    )
    assert seen.formula == "BatchNorm2d(x)"
    assert seen.parameters == 16


DECORATORS = {
    "returns the function": "def deco(f):\n    return f\n@deco\n",
    "registers it": "REGISTRY = {}\ndef deco(f):\n    REGISTRY[f.__name__] = f\n    return f\n@deco\n",
    "with arguments": "def deco(name):\n    def inner(f):\n        return f\n    return inner\n@deco('net')\n",
    "wraps": "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*args, **kwargs):\n        return f(*args, **kwargs)\n    return inner\n@deco\n",
    "wraps with arguments": "from functools import wraps\ndef deco(k):\n    def outer(f):\n        @wraps(f)\n        def inner(*args, **kwargs):\n            return f(*args, **kwargs)\n        return inner\n    return outer\n@deco(1)\n",
    "unseen": "from somewhere import register\n@register\n",
    "unseen with arguments": "from somewhere import register\n@register('net', version=1)\n",
    "lru_cache": "import functools\n@functools.lru_cache(maxsize=None)\n",
    "undefined": "@undefined.register(1)\n",
    "two": "def deco(f):\n    return f\nfrom somewhere import register\n@register\n@deco\n",
}  # fmt: skip


@pytest.mark.parametrize("decorator", DECORATORS.values(), ids=DECORATORS)
def test_decorated_builders(networks, decorator):
    found = networks(decorator + "def build(n=3):\n    return nn.Sequential(nn.Linear(2, n), nn.ReLU())\n", network="build")
    assert found[0].formula == "ReLU(Linear(input))"
    assert found[0].parameters == 9


@pytest.mark.parametrize("decorator", ["@torch.jit.script", "@register_model", "@torch.no_grad()", "@dataclasses.dataclass(eq=False)"])
def test_decorated_classes(network, decorator):
    code = f"""
import dataclasses
{decorator}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)
    def forward(self, x):
        return self.fc(x)
"""
    assert network(code).formula == "Linear(x)"


def test_a_decorator_that_writes_documentation_is_not_followed_to_its_end(network):
    seen = network(
        """
        def documented(cls):
            text = ""
            for line in range(5000):
                text += "words"
                text = text[-100:]
            raise ValueError(text)

        @documented
        class Part(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.fc(x)

        @documented
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.part = Part()
            @documented
            def forward(self, x):
                return self.part(x)
        """
    )
    assert seen.formula == "Linear(x)"
    assert seen.parameters == 9
    assert not seen.graph.blind


@pytest.mark.parametrize("decorator", ["@torch.jit.export", "@typing.no_type_check", "@torch.autocast('cuda')", "@torch.compile"])
def test_decorated_forwards(network, decorator):
    seen = network(
        f"""
        class Net(nn.Module):
            {decorator}
            def forward(self, x):
                return x.relu()
        """
    )
    assert seen.formula == "ReLU(x)"


CONFIGURATIONS = {
    "dataclass": "@dataclass\nclass Config:\n    n: int = 3\n    act: str = 'relu'\ncfg = Config()",
    "dataclass with arguments": "@dataclass(frozen=True)\nclass Config:\n    n: int\n    act: str = 'tanh'\ncfg = Config(3, act='relu')",
    "dataclass field": "@dataclass\nclass Config:\n    n: int = field(default=3)\n    act: str = field(default_factory=lambda: 'relu')\ncfg = Config()",
    "dataclass inherited": "@dataclass\nclass Base:\n    n: int = 9\n    act: str = 'relu'\n@dataclass\nclass Config(Base):\n    n: int = 3\ncfg = Config()",
    "dataclass property": "@dataclass\nclass Config:\n    k: int = 1\n    act: str = 'relu'\n    @property\n    def n(self):\n        return self.k + 2\ncfg = Config()",
    "dataclass __post_init__": "@dataclass\nclass Config:\n    k: int = 1\n    act: str = 'relu'\n    def __post_init__(self):\n        self.n = self.k * 3\ncfg = Config()",
    "dataclass replaced": "@dataclass\nclass Config:\n    n: int = 1\n    act: str = 'relu'\ncfg = replace(Config(), n=3)",
    "dataclass attribute set": "@dataclass\nclass Config:\n    n: int = 1\n    act: str = 'relu'\ncfg = Config()\ncfg.n = 3",
    "dataclasses nested": "@dataclass\nclass Inner:\n    n: int = 3\n@dataclass\nclass Outer:\n    inner: Inner = field(default_factory=Inner)\nclass cfg:\n    n = Outer().inner.n\n    act = 'relu'",
    "NamedTuple": "class Config(NamedTuple):\n    n: int = 3\n    act: str = 'relu'\ncfg = Config()",
    "NamedTuple by position": "class Config(NamedTuple):\n    n: int\n    act: str\ncfg = Config(3, 'relu')",
    "namedtuple": "Config = namedtuple('Config', ['n', 'act'])\ncfg = Config(3, 'relu')",
    "NamedTuple replaced": "class Config(NamedTuple):\n    n: int = 1\n    act: str = 'relu'\ncfg = Config()._replace(n=3)",
    "plain class": "class cfg:\n    n = 3\n    act = 'relu'",
    "instance": "class Config:\n    def __init__(self, n):\n        self.n = n\n        self.act = 'relu'\ncfg = Config(3)",
    "SimpleNamespace": "from types import SimpleNamespace\ncfg = SimpleNamespace(n=3, act='relu')",
    "Namespace": "from argparse import Namespace\ncfg = Namespace(n=3, act='relu')",
    "registry of dataclasses": "@dataclass\nclass Config:\n    n: int\n    act: str = 'relu'\nCONFIGS = {'small': Config(3), 'big': Config(9)}\ncfg = CONFIGS['small']",
    "enum inside": "class Act(Enum):\n    RELU = 'relu'\n    TANH = 'tanh'\nclass cfg:\n    n = 3\n    act = Act.RELU.value",
}  # fmt: skip


@pytest.mark.parametrize("config", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_configuration_objects(network, config):
    imports = "from dataclasses import dataclass, field, replace\nfrom typing import NamedTuple\nfrom collections import namedtuple\nfrom enum import Enum\n"
    net = (
        "\nclass Net(nn.Module):\n    def __init__(self, cfg):\n        super().__init__()\n"
        "        self.fc = nn.Linear(2, cfg.n)\n        self.act = {'relu': nn.ReLU, 'tanh': nn.Tanh}[cfg.act]()\n"
        "    def forward(self, x):\n        return self.act(self.fc(x))\nnet = Net(cfg)\n"
    )
    seen = network(imports + config + net)
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.parameters == 9


DICTIONARIES = {
    "by name": "CFGS = {'a': dict(n=9), 'b': dict(n=3)}\nnet = Net(**CFGS['b'])",
    "nested": "CFG = {'model': {'head': {'n': 3}}}\nnet = Net(CFG['model']['head']['n'])",
    "default overridden": "DEFAULTS = {'n': 9}\nnet = Net(**{**DEFAULTS, 'n': 3})",
    "updated": "CFG = dict(n=9)\nCFG.update(n=3)\nnet = Net(**CFG)",
    "popped": "CFG = dict(n=3, name='x')\nCFG.pop('name')\nnet = Net(**CFG)",
    "lists": "CFG = {'widths': [1, 2, 3]}\nnet = Net(CFG['widths'][-1])",
    "loop": "for name, cfg in {'a': {'n': 3}}.items():\n    net = Net(**cfg)",
    "classes": "MODELS = {'net': Net}\nnet = MODELS['net'](3)",
    "builder functions": "def small():\n    return Net(3)\nMODELS = {'small': small}\nnet = MODELS['small']()",
    "globals": "net = globals()['Net'](3)",
}


@pytest.mark.parametrize("code", DICTIONARIES.values(), ids=DICTIONARIES)
def test_dictionaries_of_configurations(network, code):
    seen = network(
        "class Net(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n        self.fc = nn.Linear(2, n)\n"
        "    def forward(self, x):\n        return self.fc(x)\n" + code
    )
    assert (seen.formula, seen.parameters) == ("Linear(x)", 9)


ENUMS = {
    "is": "nn.ReLU() if act is Act.RELU else nn.Tanh()",
    "==": "nn.ReLU() if act == Act.RELU else nn.Tanh()",
    "value": "{1: nn.ReLU, 2: nn.Tanh}[act.value]()",
    "name": "{'RELU': nn.ReLU, 'TANH': nn.Tanh}[act.name]()",
    "as a key": "{Act.RELU: nn.ReLU, Act.TANH: nn.Tanh}[act]()",
    "by value": "nn.ReLU() if Act(1) is act else nn.Tanh()",
    "by name": "nn.ReLU() if Act['RELU'] is act else nn.Tanh()",
    "iterated": "[nn.ReLU, nn.Tanh][list(Act).index(act)]()",
    "in": "nn.ReLU() if act in (Act.RELU,) else nn.Tanh()",
}


@pytest.mark.parametrize("choice", ENUMS.values(), ids=ENUMS)
@pytest.mark.parametrize("members", ["RELU = 1\n    TANH = 2", "RELU = auto()\n    TANH = auto()"], ids=["numbers", "auto"])
def test_enums(network, choice, members):
    seen = network(
        f"from enum import Enum, auto\nclass Act(Enum):\n    {members}\n"
        "class Net(nn.Module):\n    def __init__(self, act=Act.RELU):\n        super().__init__()\n"
        f"        self.act = {choice}\n    def forward(self, x):\n        return self.act(x)\n"
    )
    assert seen.formula == "ReLU(x)"


def test_match_on_an_enum(network):
    seen = network(
        """
        import enum
        class Act(enum.Enum):
            RELU = "relu"
            TANH = "tanh"
        class Net(nn.Module):
            def __init__(self, act=Act.TANH):
                super().__init__()
                match act:
                    case Act.RELU:
                        self.act = nn.ReLU()
                    case Act.TANH:
                        self.act = nn.Tanh()
            def forward(self, x):
                return self.act(x)
        """
    )
    assert seen.formula == "Tanh(x)"


def test_a_class_alone_with_required_parameters_is_not_concrete(network):
    seen = network(
        """
        class Block(nn.Module):
            def __init__(self, width, kernel=3):
                super().__init__()
                self.conv = nn.Conv2d(3, width, kernel)
            def forward(self, x):
                return self.conv(x)
        """
    )
    conv = seen.operator("Conv2d")
    assert seen.graph.concrete is False
    assert isinstance(conv.out_channels, Unknown)
    assert "width" in conv.out_channels.reason
    assert (conv.in_channels, conv.kernel_size) == (3, (3, 3))
    assert seen.parameters is None


def test_a_class_that_is_part_of_a_concrete_network_is_not_read_alone(networks):
    found = networks(
        """
        class Block(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.fc = nn.Linear(width, width)
            def forward(self, x):
                return self.fc(x)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = nn.Sequential(Block(2), Block(2))
            def forward(self, x):
                return self.blocks(x)
        """
    )
    assert [(seen.graph.name, seen.parameters) for seen in found] == [("Net", 12)]
