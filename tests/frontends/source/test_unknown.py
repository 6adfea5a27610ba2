"""What cannot be known: undecided branches, loops of unknown length, unseen bases and functions. Never wrong, always with a reason."""

from __future__ import annotations

import pytest

from netlint.graph import Unknown
from netlint.graph.operators import Alternatives, Opaque

BRANCHES = {
    "if else": """
        if x.sum() > 0:
            x = x.relu()
        else:
            x = x.tanh()
        return x
        """,
    "conditional expression": "return x.relu() if x.sum() > 0 else x.tanh()",
    "returns in both": """
        if x.sum() > 0:
            return x.relu()
        else:
            return x.tanh()
        """,
    "early return": """
        if x.sum() > 0:
            return x.relu()
        return x.tanh()
        """,
    "flag": """
        if self.flag:
            x = x.relu()
        else:
            x = x.tanh()
        return x
        """,
    "function": """
        f = torch.relu if self.flag else torch.tanh
        return f(x)
        """,
    "layer": """
        f = nn.ReLU() if self.flag else nn.Tanh()
        return f(x)
        """,
    "match": """
        match self.flag:
            case 1:
                x = x.relu()
            case _:
                x = x.tanh()
        return x
        """,
    "elif": """
        if self.flag == 1:
            x = x.relu()
        elif True:
            x = x.tanh()
        return x
        """,
    "dictionary": "return {'a': torch.relu, 'b': torch.tanh}[self.flag](x)",
}


@pytest.mark.parametrize("forward", BRANCHES.values(), ids=BRANCHES)
def test_both_branches_are_kept(module, forward):
    seen = module("self.flag = FLAG", forward)
    (result,) = seen.undecided
    assert isinstance(result, Alternatives)
    assert sorted(operator.name for operator in result.inputs) == ["ReLU", "Tanh"]
    assert result.reason
    assert "ReLU(x)" in seen.formula
    assert "Tanh(x)" in seen.formula


def test_what_both_branches_share_is_not_undecided(module):
    seen = module(
        "self.fc = nn.Linear(2, 2)",
        """
        if FLAG:
            print("yes")
        return self.fc(x)
        """,
    )
    assert seen.formula == "Linear(x)"
    assert seen.undecided == []


def test_a_branch_that_raises_is_not_taken(module):
    seen = module(
        "",
        """
        if x.dim() != 4:
            raise ValueError("four dimensions")
        return x.relu()
        """,
    )
    assert seen.formula == "ReLU(x)"


def test_a_branch_may_skip(module):
    seen = module(
        "",
        """
        if FLAG:
            x = x.relu()
        return x
        """,
    )
    (result,) = seen.undecided
    assert [operator.name for operator in result.inputs] == ["ReLU", "Input"]


def test_branches_do_not_see_each_others_changes(module):
    seen = module(
        "",
        """
        ys = [x]
        if FLAG:
            ys.append(x.relu())
        else:
            ys.append(x.tanh())
        return torch.cat(ys, 1)
        """,
    )
    (result,) = seen.undecided
    assert seen.formula == "Concat(x, Alternatives(ReLU(x), Tanh(x)))"
    assert len(result.inputs) == 2


def test_a_definition_that_one_branch_uses_first_is_there_in_the_other(networks):
    (seen,) = networks(
        """
        class Net(nn.Module):
            def forward(self, x):
                return act(x) if FLAG else act(-x)
        def act(x):
            return GAIN * x.tanh()
        GAIN = 3
        """,
        network="Net",
    )
    assert seen.formula == "Alternatives(Mul(3, Tanh(x)), Mul(3, Tanh(neg(x))))"


def test_a_chain_of_undecided_branches_stays_small(module):
    steps = "\n".join(f"if FLAGS[{i}]:\n    x = self.fc(x)" for i in range(24))
    seen = module("self.fc = nn.Linear(2, 2)", f"{steps}\nreturn x")
    assert len(seen.undecided) == 24
    assert seen.operators.count("Linear") == 24


COUNTS = {
    "optional layer": ("if FLAG:\n    self.extra = nn.Linear(2, 2)", None),
    "one of two": ("if FLAG:\n    self.f = nn.Linear(2, 2)\nelse:\n    self.f = nn.Linear(2, 9)", None),
    "one of two without parameters": ("if FLAG:\n    self.f = nn.ReLU()\nelse:\n    self.f = nn.Tanh()", 0),
    "optional without parameters": ("if FLAG:\n    self.f = nn.ReLU()", 0),
    "unknown width": ("self.f = nn.Linear(2, WIDTH)", None),
    "unknown bias": ("self.f = nn.Linear(2, 3, bias=FLAG)", None),
    "known with an unknown rate": ("self.f = nn.Linear(2, 3)\nself.d = nn.Dropout(RATE)", 9),
    "unknown number of layers": ("self.f = nn.Sequential(*[nn.Linear(2, 2) for _ in range(DEPTH)])", None),
    "unknown number of activations": ("self.f = nn.Sequential(*[nn.ReLU() for _ in range(DEPTH)])", None),
    "loop over something unknown": ("for width in WIDTHS:\n    self.add_module(f'f{width}', nn.Linear(2, width))", None),
    "appended in an unknown loop": ("fs = []\nfor _ in range(DEPTH):\n    fs.append(nn.Linear(2, 2))\nself.f = nn.Sequential(*fs)", None),
    "while on something unknown": ("fs = []\nwhile FLAG:\n    fs.append(nn.Linear(2, 2))\nself.f = nn.ModuleList(fs)", None),
    "setattr under an unknown name": ("setattr(self, NAME, nn.Linear(2, 2))", None),
    "unseen class": ("self.f = Mystery(2)", None),
    "unseen function": ("self.f = mystery(nn.Linear(2, 2))", None),
    "handed to an unseen function": ("self.f = nn.Linear(2, 2)\nmystery(self)", None),
    "container of something unknown": ("self.f = nn.Sequential(*LAYERS)", None),
    "dictionary of something unknown": ("self.f = nn.ModuleDict(LAYERS)", None),
    "parameter of unknown shape": ("self.w = nn.Parameter(WEIGHT)", None),
    "parameter of a loaded tensor": ("self.w = nn.Parameter(torch.load('w.pt'))", None),
    "two that agree": ("if FLAG:\n    n = 3\nelse:\n    n = 3\nself.f = nn.Linear(2, n)", 9),
    "two that differ": ("n = 3 if FLAG else 4\nself.f = nn.Linear(2, n)", None),
    "raise in one branch": ("if FLAG:\n    raise ValueError\nself.f = nn.Linear(2, 3)", 9),
    "undecided list": ("fs = [nn.Linear(2, 2)]\nif FLAG:\n    fs.append(nn.Linear(2, 2))\nself.f = nn.Sequential(*fs)", None),
    "break at an unknown place": ("fs = []\nfor i in range(3):\n    if FLAGS[i]:\n        break\n    fs.append(nn.Linear(2, 2))\nself.f = nn.Sequential(*fs)", None),
    "continue at an unknown place": ("fs = []\nfor i in range(3):\n    if FLAGS[i]:\n        continue\n    fs.append(nn.Linear(2, 2))\nself.f = nn.Sequential(*fs)", None),
    "filtered by something unknown": ("self.f = nn.Sequential(*[nn.Linear(2, 2) for i in range(3) if FLAGS[i]])", None),
    "exec": ("exec('self.f = nn.Linear(2, 2)')", None),
    "loaded module": ("self.f = torch.load('net.pt')", None),
    "hub": ("self.f = torch.hub.load('a', 'b')", None),
    "recursion without end": ("def f(n):\n    return nn.Sequential(nn.Linear(2, 2), f(n + 1))\nself.f = f(0)", None),
    "undecided return": ("self.a = nn.Linear(2, 2)\nif FLAG:\n    return\nself.b = nn.Linear(2, 2)", None),
    "undecided return in a helper": ("def pick():\n    if FLAG:\n        return 3\n    return 3\nself.a = nn.Linear(2, pick())", 9),
    "undecided returns before a raise": ("def pick():\n    if FLAG == 1:\n        return nn.ReLU()\n    if FLAG == 2:\n        return nn.Tanh()\n    raise ValueError\nself.a = nn.Linear(2, 3)\nself.act = pick()", 9),
    "undecided exit of a loop that makes nothing": ("n = 0\nfor i in range(9):\n    if FLAGS[i]:\n        break\nself.a = nn.Linear(2, 3)", None),
    "unknown slice": ("self.f = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))[:N]", None),
}  # fmt: skip


@pytest.mark.parametrize(("init", "count"), COUNTS.values(), ids=COUNTS)
def test_a_parameter_count_is_exact_or_unknown(module, init, count):
    seen = module(init)
    assert seen.parameters == count
    if count is None:
        unknown = seen.graph.parameter_count()
        assert isinstance(unknown, Unknown)
        assert unknown.reason


BASES = {
    "unseen": "from somewhere import Base",
    "undefined": "",
    "call": "Base = make_base()",
    "attribute": "import somewhere\nBase = somewhere.models.Base",
    "either": "Base = nn.Module if FLAG else Other",
}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_an_unknown_base_class(networks, base):
    found = networks(
        f"{base}\nclass Net(Base):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 3)\n"
        "    def forward(self, x):\n        return self.fc(x).relu()\n"
    )
    assert [seen.formula for seen in found] == ["ReLU(Linear(x))"]
    assert found[0].parameters in (None, 9) if "FLAG" in base else found[0].parameters is None


def test_a_base_of_a_library_keeps_its_layers_unknown(networks):
    (seen,) = networks(
        """
        import torchvision
        class Net(torchvision.models.ResNet):
            def forward(self, x):
                return self.fc(self.backbone(x)).relu()
        """
    )
    assert seen.operators.endswith("ReLU")
    assert seen.parameters is None


def test_an_unseen_call_in_forward_hides_its_place_only(module):
    seen = module("self.a = nn.Linear(2, 3)\nself.b = nn.Linear(3, 4)", "x = self.a(x).relu()\nx = mystery(x)\nreturn self.b(x).tanh()")
    assert seen.formula == "Tanh(Linear(?a function that cannot be seen(ReLU(Linear(x)))))"
    (opaque,) = seen.graph.of(Opaque)
    assert "mystery" in opaque.reason
    assert seen.parameters == 9 + 16


def test_a_loop_of_unknown_length_in_forward_is_seen_once(module):
    seen = module("self.fc = nn.Linear(2, 2)", "for _ in range(STEPS):\n    x = self.fc(x).relu()\nreturn x")
    assert seen.operators.startswith("Linear ReLU")
    assert seen.operators.count("Linear") == 1
    assert seen.parameters == 6


def test_a_loop_over_time_steps(module):
    seen = module("self.cell = nn.GRUCell(2, 3)", "h = None\nfor t in range(x.size(1)):\n    h = self.cell(x[:, t], h)\nreturn h")
    assert "GRUCell" in seen.operators
    assert seen.parameters == 3 * (2 * 3 + 3 * 3 + 3 + 3)


def test_reasons_name_the_cause(module):
    seen = module("self.fc = nn.Linear(2, WIDTH)", "return self.fc(x)")
    width = seen.operator("Linear").out_features
    assert isinstance(width, Unknown)
    assert "WIDTH" in width.reason


def test_unknown_arguments_of_a_known_layer_leave_the_others_known(module):
    seen = module("self.conv = nn.Conv2d(3, WIDTH, 3, stride=STRIDE, padding=1)", "return self.conv(x)")
    conv = seen.operator("Conv2d")
    assert (conv.in_channels, conv.kernel_size, conv.padding) == (3, (3, 3), (1, 1))
    assert isinstance(conv.out_channels, Unknown)


WRONG_CALLS = {
    "too many arguments": "nn.ReLU(1, 2, 3, 4)",
    "unknown keyword": "nn.Linear(2, 3, colour='red')",
    "missing argument": "nn.Linear(2)",
    "wrong type": "nn.Linear('a', None)",
    "nonsense": "nn.Conv2d(x=1)",
    "no such layer": "nn.NoSuchLayer(3)",
    "called twice": "nn.ReLU()()",
    "star of a number": "nn.Sequential(*3)",
    "star star of a list": "nn.Linear(**[1, 2])",
    "number called": "(3)(4)",
    "None called": "None(4)",
    "division by zero": "nn.Linear(1 // 0, 2)",
    "index out of range": "[nn.ReLU()][5]",
    "missing key": "{'a': nn.ReLU()}['b']",
    "attribute of None": "None.weight",
    "string arithmetic": "nn.Linear('a' + 1, 2)",
    "negative width": "nn.Linear(-2, 3)",
    "groups zero": "nn.Conv2d(4, 4, 3, groups=0)",
    "too few values": "(lambda: [a for a, b in [(1,)]])()",
}


@pytest.mark.parametrize("layer", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_calls_that_would_fail(networks, layer):
    """The program is wrong; the reader stays calm, and says nothing that is false."""
    found = networks(
        f"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.f = {layer}\n"
        "    def forward(self, x):\n        return self.f(x).relu()\n"
    )
    assert {seen.graph.name for seen in found} <= {"Net"}
    assert all(seen.parameters is None or seen.parameters == 0 or "-2" in layer for seen in found)
