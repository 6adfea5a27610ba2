"""Names that lead to other files: imports of every form, aliases, re-exports, packages."""

from __future__ import annotations

import pytest

from netlint.frontends.source import Project, read

BLOCK = """
class Block(nn.Module):
    def __init__(self, n=2):
        super().__init__()
        self.fc = nn.Linear(n, 3)
    def forward(self, x):
        return F.relu(self.fc(x))
"""
NET = """
{imports}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = {block}()
    def forward(self, x):
        return self.block(x)
"""

NEIGHBOURS = {
    "from module import name": ("from blocks import Block", "Block"),
    "alias of a name": ("from blocks import Block as B", "B"),
    "import module": ("import blocks", "blocks.Block"),
    "alias of a module": ("import blocks as b", "b.Block"),
    "star": ("from blocks import *", "Block"),
    "inside a function": ("def get():\n    from blocks import Block\n    return Block", "get()"),
    "in a try": ("try:\n    from blocks import Block\nexcept ImportError:\n    Block = None", "Block"),
    "fallback of a try": ("try:\n    from missing_package import Block\nexcept ImportError:\n    from blocks import Block", "Block"),
    "under TYPE_CHECKING too": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from blocks import Block\nfrom blocks import Block", "Block"),
    "renamed": ("from blocks import Block\nB = Block", "B"),
    "in a dictionary": ("from blocks import Block\nD = {'b': Block}", "D['b']"),
    "importlib": ("import importlib\nb = importlib.import_module('blocks')", "b.Block"),
}  # fmt: skip


@pytest.mark.parametrize(("imports", "block"), NEIGHBOURS.values(), ids=NEIGHBOURS)
def test_imports_of_a_neighbour(files, imports, block):
    (seen,) = files("net.py", {"blocks.py": BLOCK, "net.py": NET.format(imports=imports, block=block)})
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.parameters == 9


PACKAGES = {
    "relative": ("from .blocks import Block", "Block", {}),
    "relative module": ("from . import blocks", "blocks.Block", {}),
    "relative parent": ("from ..lib.blocks import Block", "Block", {"app/lib/__init__.py": "", "app/lib/blocks.py": BLOCK}),
    "absolute": ("from app.models.blocks import Block", "Block", {}),
    "absolute module": ("import app.models.blocks", "app.models.blocks.Block", {}),
    "absolute with an alias": ("import app.models.blocks as ab", "ab.Block", {}),
    "re-exported": ("from app.layers import Block", "Block", {"app/layers/__init__.py": "from ..models.blocks import Block\n__all__ = ['Block']\n"}),
    "re-exported under another name": ("from app.layers import Basic", "Basic", {"app/layers/__init__.py": "from app.models.blocks import Block as Basic\n"}),
    "re-exported by star": ("from app.layers import Block", "Block", {"app/layers/__init__.py": "from .impl import *\n", "app/layers/impl.py": BLOCK}),
    "re-exported twice": ("from app import Block", "Block", {"app/__init__.py": "from .models import Block\n", "app/models/__init__.py": "from .blocks import Block\n"}),
    "package attribute": ("import app.layers as L", "L.Block", {"app/layers/__init__.py": "from .impl import Block\n", "app/layers/impl.py": BLOCK}),
    "star over a package": ("from app.layers import *", "Block", {"app/layers/__init__.py": "from .impl import Block\n", "app/layers/impl.py": BLOCK}),
}  # fmt: skip


@pytest.mark.parametrize(("imports", "block", "more"), PACKAGES.values(), ids=PACKAGES)
def test_imports_inside_a_package(files, imports, block, more):
    base = {"app/__init__.py": "", "app/models/__init__.py": "", "app/models/blocks.py": BLOCK}
    (seen,) = files("app/models/net.py", {**base, **more, "app/models/net.py": NET.format(imports=imports, block=block)})
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.parameters == 9


def test_the_src_layout(files):
    (seen,) = files(
        "train.py", {"src/app/__init__.py": "", "src/app/blocks.py": BLOCK, "train.py": "from app.blocks import Block\nnet = Block()"}
    )
    assert seen.formula == "ReLU(Linear(x))"


def test_a_namespace_package_without_init(files):
    (seen,) = files("train.py", {"models/blocks.py": BLOCK, "train.py": "from models.blocks import Block\nnet = Block()"})
    assert seen.formula == "ReLU(Linear(x))"


TORCH_NAMES = {
    "import torch": ("import torch", "torch.nn.Linear(2, 3)", "torch.nn.functional.relu"),
    "import torch.nn as nn": ("import torch.nn as nn, torch.nn.functional as F", "nn.Linear(2, 3)", "F.relu"),
    "from torch import nn": ("from torch import nn", "nn.Linear(2, 3)", "nn.functional.relu"),
    "odd aliases": ("import torch as t\nimport torch.nn.functional as f", "t.nn.Linear(2, 3)", "f.relu"),
    "names": ("from torch.nn import Linear, Module\nfrom torch.nn.functional import relu", "Linear(2, 3)", "relu"),
    "names with aliases": ("from torch.nn import Linear as L\nfrom torch import relu as r", "L(2, 3)", "r"),
    "star": ("from torch.nn import *\nfrom torch.nn.functional import *", "Linear(2, 3)", "relu"),
    "assigned": ("import torch\nL = torch.nn.Linear\nact = torch.relu", "L(2, 3)", "act"),
    "deep": ("import torch.nn.modules.linear as lin\nimport torch", "lin.Linear(2, 3)", "torch.relu"),
}


@pytest.mark.parametrize(("imports", "layer", "act"), TORCH_NAMES.values(), ids=TORCH_NAMES)
def test_names_of_torch(text, imports, layer, act):
    code = (
        f"{imports}\nimport torch as _torch\nclass Net(_torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.fc = {layer}\n    def forward(self, x):\n        return {act}(self.fc(x))\n"
    )
    (seen,) = text(code)
    assert seen.formula == "ReLU(Linear(x))"


def test_a_name_of_the_project_that_looks_like_torchs(text):
    """Names resolve to what they are bound to, never by spelling."""
    (seen,) = text(
        "import torch\nfrom torch import nn\n\ndef relu(x):\n    return torch.tanh(x)\n\n"
        "class Linear(nn.Module):\n    def __init__(self, a, b):\n        super().__init__()\n        self.conv = nn.Conv1d(a, b, 1)\n"
        "    def forward(self, x):\n        return self.conv(x)\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = Linear(2, 3)\n"
        "    def forward(self, x):\n        return relu(self.fc(x))\n"
    )
    assert seen.formula == "Tanh(Conv1d(x))"


def test_a_base_class_in_another_file(files):
    (seen,) = files(
        "net.py",
        {
            "base.py": BLOCK,
            "net.py": """
            from base import Block
            class Net(Block):
                def __init__(self):
                    super().__init__(n=4)
                    self.out = nn.Linear(3, 1)
                def forward(self, x):
                    return self.out(super().forward(x))
            """,
        },
    )
    assert seen.formula == "Linear(ReLU(Linear(x)))"
    assert seen.keys == ["fc.weight", "fc.bias", "out.weight", "out.bias"]
    assert seen.parameters == 4 * 3 + 3 + 3 + 1


def test_constants_and_helpers_in_another_file(files):
    (seen,) = files(
        "net.py",
        {
            "config.py": "WIDTHS = {'small': [4, 4]}\ndef stack(n, widths):\n    layers = []\n    for w in widths:\n"
            "        layers += [nn.Linear(n, w), nn.ReLU()]\n        n = w\n    return nn.Sequential(*layers)\n",
            "net.py": "import config\nnet = config.stack(2, config.WIDTHS['small'])\n",
        },
    )
    assert seen.formula == "ReLU(Linear(ReLU(Linear(input))))"
    assert seen.parameters == 12 + 20


def test_sites_name_the_file_in_which_a_layer_is_made(files, tmp_path):
    (seen,) = files("net.py", {"blocks.py": BLOCK, "net.py": NET.format(imports="from blocks import Block", block="Block")})
    place = seen.operator("Linear").layer.site.location()
    assert place.filename == str(tmp_path / "blocks.py")
    assert (place.row, place.column) == (9, 19)


def test_dependencies_are_the_files_that_were_opened(tmp_path):
    (tmp_path / "blocks.py").write_text("import torch\nfrom torch import nn\nfrom more import n\n" + BLOCK.replace("n=2", "n=n"))
    (tmp_path / "more.py").write_text("n = 3\n")
    (tmp_path / "unrelated.py").write_text("n = 3\n")
    code = "import torch\nfrom blocks import Block\nimport missing\nnet = Block()\n"
    reading = read(code, str(tmp_path / "net.py"), project=Project(tmp_path))
    assert set(reading.dependencies) == {str(tmp_path / "blocks.py"), str(tmp_path / "more.py")}


def test_imports_in_a_circle(files):
    found = files(
        "a.py",
        {
            "a.py": "from b import B\nclass A(nn.Module):\n    def forward(self, x):\n        return x.relu()\nnet = nn.Sequential(A(), B())\n",
            "b.py": "from a import A\nclass B(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = A()\n"
            "    def forward(self, x):\n        return self.a(x)\n",
        },
    )
    assert [seen.formula for seen in found] == ["ReLU(ReLU(input))"]


def test_an_import_of_itself(files):
    (seen,) = files("net.py", {"net.py": "import net\nfrom net import *\nm = nn.Sequential(nn.ReLU())\n"})
    assert seen.formula == "ReLU(input)"


@pytest.mark.parametrize("broken", ["def f(:\n", "\x00", "class A(\n"])
def test_a_broken_neighbour_is_unknown(files, broken):
    found = files("net.py", {"blocks.py": broken, "net.py": NET.format(imports="from blocks import Block", block="Block")})
    assert [(seen.graph.name, seen.parameters) for seen in found] == [("Net", None)]


def test_a_neighbour_that_is_not_text_is_unknown(files, tmp_path):
    (tmp_path / "blocks.py").write_bytes(b"\xff\xfe\x00\x01# coding: nonsense\n")
    found = files("net.py", {"net.py": NET.format(imports="from blocks import Block", block="Block")})
    assert [seen.parameters for seen in found] == [None]


def test_a_name_that_the_neighbour_does_not_define(files):
    (seen,) = files("net.py", {"blocks.py": "x = 1\n", "net.py": NET.format(imports="from blocks import Block", block="Block")})
    assert seen.parameters is None
    assert seen.graph.parameter_count().reason


def test_nothing_outside_the_project_is_opened(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "blocks.py").write_text("import torch\nfrom torch import nn\n" + BLOCK)
    code = "import torch\nfrom ...outside.blocks import Block\nfrom ..outside import blocks\nnet = torch.nn.Sequential(Block())\n"
    assert read(code, str(inside / "net.py"), project=Project(inside)).dependencies == ()


LATER = {
    "function defined later": "def build():\n    return helper(3)\ndef helper(n):\n    return nn.Sequential(nn.Linear(2, n))\nnet = build()\n",
    "constant defined later": "def build():\n    return nn.Sequential(nn.Linear(2, N))\nN = 3\nnet = build()\n",
    "constant changed": "N = 1\nN += 2\nnet = nn.Sequential(nn.Linear(2, N))\n",
    "conditional definition": "import sys\nif sys.version_info >= (3, 8):\n    N = 3\nelse:\n    N = 3\nnet = nn.Sequential(nn.Linear(2, N))\n",
    "global statement": "N = 1\ndef grow():\n    global N\n    N = 3\ngrow()\nnet = nn.Sequential(nn.Linear(2, N))\n",
    "main guard": "if __name__ == '__main__':\n    net = nn.Sequential(nn.Linear(2, 3))\n",
    "main function": "def main():\n    net = nn.Sequential(nn.Linear(2, 3))\n    return net(torch.zeros(1, 2))\nif __name__ == '__main__':\n    main()\n",
    "loop at module level": "layers = []\nfor n in (3,):\n    layers.append(nn.Linear(2, n))\nnet = nn.Sequential(*layers)\n",
    "builder": "def net(n=3):\n    return nn.Sequential(nn.Linear(2, n))\n",
    "builder with star arguments": "def net(*args, **kwargs):\n    return nn.Sequential(nn.Linear(2, 3))\n",
}


@pytest.mark.parametrize("code", LATER.values(), ids=LATER)
def test_networks_without_a_class(networks, code):
    (seen,) = networks(code)
    assert seen.formula == "Linear(input)"
    assert seen.parameters == 9
    assert seen.graph.concrete


def test_every_builder_is_a_network(networks):
    found = networks(
        """
        class Net(nn.Module):
            def __init__(self, n):
                super().__init__()
                self.fc = nn.Linear(2, n)
            def forward(self, x):
                return self.fc(x)
        def small():
            return Net(1)
        def large(**kwargs):
            return Net(10, **kwargs)
        """
    )
    assert [(seen.graph.name, seen.parameters) for seen in found] == [("small", 3), ("large", 30)]


def test_one_network_by_name(networks):
    code = "a = nn.Sequential(nn.Linear(1, 1))\nb = nn.Sequential(nn.Linear(2, 2))\n"
    assert [seen.parameters for seen in networks(code, network="b")] == [6]


UNDEFINED = {
    "undefined width": "net = nn.Sequential(nn.Linear(2, WIDTH), nn.ReLU())",
    "undefined configuration": "net = nn.Sequential(nn.Linear(2, cfg.model.width), nn.ReLU())",
    "undefined arguments": "net = nn.Sequential(nn.Linear(2, args.width), nn.ReLU())",
    "argparse": "import argparse\nargs = argparse.ArgumentParser().parse_args()\nnet = nn.Sequential(nn.Linear(2, args.width), nn.ReLU())",
    "environment": "import os\nnet = nn.Sequential(nn.Linear(2, int(os.environ['WIDTH'])), nn.ReLU())",
    "file": "import json\nnet = nn.Sequential(nn.Linear(2, json.load(open('c.json'))['width']), nn.ReLU())",
    "input": "net = nn.Sequential(nn.Linear(2, int(input())), nn.ReLU())",
    "deleted": "n = 3\ndel n\nnet = nn.Sequential(nn.Linear(2, n), nn.ReLU())",
    "command line": "import sys\nnet = nn.Sequential(nn.Linear(2, int(sys.argv[1])), nn.ReLU())",
    "random": "import random\nnet = nn.Sequential(nn.Linear(2, random.randint(1, 9)), nn.ReLU())",
}


@pytest.mark.parametrize("code", UNDEFINED.values(), ids=UNDEFINED)
def test_undefined_names_hide_only_what_they_decide(networks, code):
    (seen,) = networks(code)
    assert seen.formula == "ReLU(Linear(input))"
    assert seen.operator("Linear").in_features == 2
    assert seen.parameters is None


def test_an_undefined_layer_hides_its_neighbourhood_only(networks):
    (seen,) = networks("net = nn.Sequential(nn.Linear(2, 3), Mystery(3), nn.ReLU(), nn.Linear(3, 1))")
    assert seen.operators == "Linear a function that cannot be seen ReLU Linear"
    assert seen.parameters is None


def test_a_star_import_from_no_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("")
    assert read("import torch\nfrom . import *\nx = y\n", "net.py", project=Project(tmp_path)).graphs == []
