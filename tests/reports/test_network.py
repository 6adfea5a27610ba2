from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netlint.engine.errors import NetlintError
from netlint.graph import Blind, FixedSite, Graph, Layer, Location, Parameter, Unknown
from netlint.graph.operators import Constant, Flatten, Input, Linear
from netlint.reports import network_dot, network_json, network_svg, network_text
from netlint.reports.terminal import Paint, printable

BATCH = Unknown("the batch size")


@pytest.fixture
def tied() -> Graph:
    """One 4 x 4 linear layer (20 parameters) that is applied twice, and one whose width is not known."""
    graph = Graph("Net", filename="m.py")
    graph.root = Layer("", "Net")
    linear = Layer("fc", "torch.nn.Linear", Linear(in_features=4, out_features=4), site=FixedSite(Location("m.py", 5, 9, 5, 20)))
    linear.parameters = {"weight": Parameter("weight", (4, 4)), "bias": Parameter("bias", (4,))}
    other = Layer("out", "torch.nn.Linear", Linear(in_features=4, out_features=Unknown("`width` has no default")), registered=True)
    other.parameters = {"weight": Parameter("weight", (Unknown("`width` has no default"), 4), owner=other)}
    graph.layers = [graph.root, linear, other]
    last = graph.add(Input(label="x", shape=(BATCH, 4)))
    for layer in (linear, linear, other):
        assert isinstance(layer.operator, Linear)
        last = graph.add(layer.operator.apply(last, layer=layer, site=layer.site, shape=(BATCH, 4)))
    graph.add(Constant(value=2))
    graph.outputs = (graph.add(Flatten(inputs=(last,), scope=graph.root)),)
    graph.blind.append(Blind(FixedSite(Location("m.py", 9, 1, 9, 2)), "a loop"))
    return graph


def test_a_shared_layer_counts_once(tied: Graph) -> None:
    nodes = json.loads(network_json.render([tied]))["nodes"]
    assert [(node["op"], node["parameters"]) for node in nodes] == [
        ("Input", 0),
        ("Linear", 20),
        ("Linear", 0),
        ("Linear", None),
        ("Constant", 0),
        ("Flatten", 0),
    ]
    assert [node["inputs"] for node in nodes] == [[], [0], [1], [2], [], [3]]
    assert (nodes[1]["shape"], nodes[5]["shape"]) == ([None, 4], None)
    assert (nodes[1]["filename"], nodes[1]["row"], nodes[5]["row"]) == ("m.py", 5, None)


def test_what_is_not_known_is_null_and_has_its_reason(tied: Graph) -> None:
    record = json.loads(network_json.render([tied]))
    assert record["parameters"] is None
    assert record["unknown"] == [
        {"where": "m.py:9", "reason": "a loop"},
        {"where": "out.weight", "reason": "`width` has no default"},
        {"where": "shapes", "reason": "the batch size"},
    ]


def test_several_networks_are_a_list(tied: Graph) -> None:
    assert [record["network"] for record in json.loads(network_json.render([tied, tied]))] == ["Net", "Net"]
    assert json.loads(network_json.render([])) == []


def test_the_table_marks_shared_and_unknown(tied: Graph) -> None:
    lines = network_text.render([tied], Paint()).splitlines()
    cells = [line.split() for line in lines]
    assert lines[0] == "Net  m.py"
    assert cells[1] == ["layer", "operator", "output", "parameters", "flops"]
    assert cells[2] == ["x", "Input", "?", "x", "4"]
    assert cells[3][:6] == ["fc", "Linear", "?", "x", "4", "20"]
    assert cells[4][:6] == ["fc", "Linear", "?", "x", "4", "shared"]
    assert cells[5][:6] == ["out", "Linear", "?", "x", "4", "?"]
    assert cells[6] == ["forward", "Flatten", "?"]
    assert ["parameters", "?"] in cells
    assert "  m.py:9: a loop" in lines


def test_dot_leaves_constants_out(tied: Graph) -> None:
    assert network_dot.render([tied]).splitlines() == [
        'digraph "Net" {',
        '  node [shape=box, fontname="Helvetica"];',
        '  n0 [label="Input"];',
        '  n1 [label="Linear\\nfc"];',
        '  n2 [label="Linear\\nfc"];',
        '  n3 [label="Linear\\nout"];',
        '  n5 [label="Flatten"];',
        "  n0 -> n1;",
        "  n1 -> n2;",
        "  n2 -> n3;",
        "  n3 -> n5;",
        "}",
    ]


@pytest.mark.parametrize(("number", "text"), [(0, ""), (999, "999"), (1_500, "1.5 k"), (999_600, "1 M"), (1_430_000_000, "1.43 G")])
def test_large_numbers_have_three_digits(number: int, text: str) -> None:
    assert network_text._short(number) == text


HOSTILE = [
    '"]; evil [image="/etc/passwd"',
    "</text><script>alert(1)</script>",
    "a\\N\\G\\",
    "&lt;&#0;",
    "\x01\x1b[31m",
    "größer \N{GRINNING FACE}",
    "}",
]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_text_in_the_picture_and_nothing_else(tied: Graph, name: str) -> None:
    tied.name = name
    tied.layers[1].path = name
    svg = ElementTree.fromstring(network_svg.render([tied, tied]).encode())
    texts = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count(printable(name)) >= 2
    assert {element.tag.rpartition("}")[2] for element in svg.iter()} == {"svg", "g", "title", "polygon", "text", "path"}
    assert len(svg.findall(".//*[@class='node']")) == 10
    assert len(svg.findall(".//*[@class='cluster']")) == 2


def test_a_picture_without_graphviz_names_what_is_missing(tied: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NetlintError, match=r"whose program `dot` is not there: install it .* --format dot needs nothing"):
        network_svg.render([tied])


def test_a_failure_of_graphviz_is_one_line(tied: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'no layout' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NetlintError, match=r"^Graphviz failed: no layout$"):
        network_svg.render([tied])
