"""Runs a few lines of user code and shows the live network in them in a form that a test can state in one line."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from netlint.graph import Graph, Layer, Operator
from netlint.graph.operators import Constant, Input, Opaque, Select, Weight

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"
_numbers = itertools.count()


def formula(operator: Operator) -> str:
    """An operator as the expression it computes: `Add(Linear(x), x)`."""
    match operator:
        case Input():
            return operator.label or "input"
        case Constant(value=value):
            return str(value)
        case Weight(parameter=parameter):
            return parameter.name
        case Select(inputs=(several,), index=index):
            return f"{formula(several)}[{index}]"
        case Opaque():
            name = f"?{operator.label}"
        case _:
            name = operator.name
    return f"{name}({', '.join(map(formula, operator.inputs))})"


@dataclass
class Seen:
    """One network as it was read, with what was said about the reading."""

    graph: Graph
    notes: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def formula(self) -> str:
        return " ; ".join(map(formula, self.graph.outputs))

    @property
    def operators(self) -> str:
        """The names of the operators in order; without inputs, constants and weights, which only feed them."""
        return " ".join(o.name for o in self.graph.operators if not isinstance(o, (Input, Constant, Weight)))

    def layer(self, path: str) -> Layer:
        return next(layer for layer in self.graph.layers if layer.path == path)

    def operator(self, name: str) -> Operator:
        return next(o for o in self.graph.operators if o.name == name)

    def text_at(self, site: Any) -> str:
        """The piece of the file that a site names."""
        place = site.location()
        assert Path(place.filename).absolute() == self.file, place
        lines = self.file.read_text().splitlines()
        assert place.row == place.end_row, place
        return lines[place.row - 1][place.column - 1 : place.end_column - 1]


def net(init: str, forward: str, arguments: str = "x") -> str:
    """The source of a class `Net` with these bodies."""
    bodies = [textwrap.indent(textwrap.dedent(body).strip() or "pass", " " * 8) for body in (init, forward)]
    return (
        f"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{bodies[0]}\n\n"
        f"    def forward(self, {arguments}):\n{bodies[1]}\n"
    )


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """`user(code)`: the code as a module that Python has imported from a file."""
    made: list[str] = []

    def imported(code: str) -> ModuleType:
        name = f"user_code_{next(_numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(HEAD + textwrap.dedent(code))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        made.append(name)
        spec.loader.exec_module(module)
        return module

    yield imported
    for name in made:
        del sys.modules[name]


@pytest.fixture
def live(user: Callable[[str], ModuleType]) -> Callable[..., Seen]:
    """`live(init, forward, arguments="x", inputs=...)`: the live network of a class with these bodies."""

    def seen(init: str, forward: str = "return x", arguments: str = "x", inputs: Any = None, prepare: Any = None) -> Seen:
        from netlint.frontends.module import read

        module = user(net(init, forward, arguments))
        model = module.Net()
        reading = read(prepare(model) if prepare else model, example_inputs=inputs)
        return Seen(reading.graphs[0], reading.notes, Path(str(module.__file__)))

    return seen
