"""Places: where layers are made and applied, in the user's file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from netlint.frontends.module import load, read  # noqa: E402
from netlint.frontends.source import read as read_source  # noqa: E402

exact = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python tells columns from 3.11 on")


@exact
def test_a_layer_is_applied_where_it_is_called(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)", "y = self.a(x)\nreturn F.relu(y) + x")
    assert [seen.text_at(o.site) for o in seen.graph.operators[1:]] == ["self.a(x)", "F.relu(y)", "F.relu(y) + x"]
    assert seen.graph.operators[1].site.scope == "Net.forward"


MADE = [
    ("self.a = nn.Linear(6, 6)", "return self.a(x)", {"a": "nn.Linear(6, 6)"}),
    ("self.a = torch.compile(nn.Linear(6, 6))", "return self.a(x)", {"a": "nn.Linear(6, 6)"}),
    (
        "self.f = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))",
        "return self.f(x)",
        {"f.0": "nn.Linear(6, 4)", "f.1": "nn.ReLU()", "f.2": "nn.Linear(4, 2)"},
    ),
    ("made = [nn.Linear(6, 6) for _ in range(2)]\nself.m = nn.ModuleList(made)", "return self.m[1](x)", {"m.1": "nn.Linear(6, 6)"}),
    (
        "layers = []\nlayers.append(nn.Linear(6, 4))\nlayers.append(nn.ELU())\nself.f = nn.Sequential(*layers)",
        "return self.f(x)",
        {"f.0": "nn.Linear(6, 4)", "f.1": "nn.ELU()"},
    ),
    ("self.add_module('a', nn.Linear(6, 6))", "return self.a(x)", {"a": "nn.Linear(6, 6)"}),
]


@pytest.mark.parametrize(("init", "forward", "places"), MADE, ids=[init[:40] for init, *_ in MADE])
def test_a_layer_is_made_where_its_class_says(live: Any, init: str, forward: str, places: dict[str, str]) -> None:
    seen = live(init, forward)
    found = {layer.path.replace("._orig_mod", ""): layer for layer in seen.graph.layers}
    assert {path: seen.text_at(found[path].site) for path in places} == places


def test_what_a_container_applies_stands_at_its_constructor(live: Any) -> None:
    seen = live("self.f = nn.Sequential(nn.Linear(6, 4), nn.ReLU())", "return self.f(x)")
    assert [seen.text_at(o.site) for o in seen.graph.operators[1:]] == ["nn.Linear(6, 4)", "nn.ReLU()"]


def test_without_source_there_is_no_place() -> None:
    graph = read(nn.Sequential(nn.Linear(6, 6), nn.ReLU())).graphs[0]
    assert [o.site for o in graph.operators] == [None, None, None]
    assert (graph.site, graph.filename) == (None, "")


MODEL = """
import torch.nn.functional as F
from torch import nn

def block(width):
    return nn.Sequential(
        nn.Conv2d(3, width, 3),
        nn.ReLU(),
    )

class Net(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.features = features
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.features(x)
        return self.head(F.max_pool2d(x, 2).mean((2, 3)))

def small():
    return Net(block(8))
"""


@exact
def test_every_place_is_that_of_the_source_front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("places_of_a_model.py").write_text(MODEL)
    live = read(load("places_of_a_model:small")).graphs[0]
    static = read_source(MODEL, "places_of_a_model.py", network="small").graphs[0]
    assert [o.name for o in static.operators] == [o.name for o in live.operators]
    assert [o.site.location() for o in static.operators[1:]] == [o.site.location() for o in live.operators[1:]]
    made = [{layer.path: layer.site.location() for layer in graph.layers if layer.path} for graph in (static, live)]
    assert made[0] == made[1]


def test_the_files_that_a_network_comes_from(live: Any) -> None:
    seen = live("self.a = nn.Linear(6, 6)", "return self.a(x)")
    assert Path(seen.graph.filename) == seen.file
    assert seen.text_at(seen.graph.site) == "class Net"
