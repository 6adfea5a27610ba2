"""Reads a few lines of user code and shows the network in them in a form that a test can state in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlint.frontends.source import Project, read
from netlint.graph import Graph, Layer, Operator, Shape, Unknown
from netlint.graph.operators import Alternatives, Constant, Input, Loss, Opaque, Select, Weight

HEAD = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"


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
    """One network as the reader saw it."""

    graph: Graph

    @property
    def formula(self) -> str:
        """What the network returns, as an expression of its inputs; several results stand beside each other."""
        return " ; ".join(map(formula, self.graph.outputs))

    @property
    def operators(self) -> str:
        """The names of the operators in order of application; without inputs, constants and weights, which only feed them."""
        return " ".join(o.name for o in self.graph.operators if not isinstance(o, (Input, Constant, Weight)))

    @property
    def paths(self) -> str:
        """The paths of the applied layers, in order of application."""
        return " ".join(o.path for o in self.graph.operators if o.layer is not None)

    @property
    def widths(self) -> list[object]:
        """The output features or channels of the registered linear and convolution layers, in order of registration."""
        found = [layer.operator for layer in self.graph.layers if layer.registered]
        return [getattr(o, "out_features", getattr(o, "out_channels", None)) for o in found if o is not None and o.weighted]

    @property
    def keys(self) -> list[str]:
        """The state_dict keys of the learned parameters, in order of registration; a shared one under its first name."""
        found: dict[int, str] = {}
        for layer in self.graph.layers:
            for name, parameter in layer.parameters.items():
                found.setdefault(id(parameter), f"{layer.path}.{name}".lstrip("."))
        return list(found.values())

    @property
    def parameters(self) -> int | None:
        """The exact number of learned elements, or None."""
        count = self.graph.parameter_count()
        return None if isinstance(count, Unknown) else count

    @property
    def losses(self) -> list[str]:
        return [formula(loss) for loss in self.graph.of(Loss)]

    @property
    def undecided(self) -> list[Alternatives]:
        return list(self.graph.of(Alternatives))

    def layer(self, path: str) -> Layer:
        return next(layer for layer in self.graph.layers if layer.path == path)

    def operator(self, name: str) -> Operator:
        """The first operator of a name."""
        return next(o for o in self.graph.operators if o.name == name)


Reader = Callable[..., list[Seen]]


def read_text(text: str, filename: str = "model.py", **options: object) -> list[Seen]:
    """The networks of a whole file, as it stands."""
    return [Seen(graph) for graph in read(text, filename, **options).graphs]  # type: ignore[arg-type]


def read_code(code: str, **options: object) -> list[Seen]:
    """The networks of a snippet, to which the usual imports are added."""
    return read_text(HEAD + textwrap.dedent(code), **options)


def one_of(seen: list[Seen], name: str | None) -> Seen:
    if name is None:
        assert len(seen) == 1, [network.graph.name for network in seen]
        return seen[0]
    return next(network for network in seen if network.graph.name == name)


@pytest.fixture
def text() -> Reader:
    """`text(source)`: the networks of a whole file, as it stands."""
    return read_text


@pytest.fixture
def networks() -> Reader:
    """`networks(code)`: the networks of a snippet."""
    return read_code


@pytest.fixture
def network() -> Callable[..., Seen]:
    """`network(code, name=None)`: the only network of a snippet, or the one of a name."""

    def seen(code: str, name: str | None = None, **options: object) -> Seen:
        return one_of(read_code(code, **options), name)

    return seen


@pytest.fixture
def module() -> Callable[..., Seen]:
    """`module(init, forward="return x", inputs=...)`: a module `Net` with these bodies; `x` is its input."""

    def seen(init: str, forward: str = "return x", *, arguments: str = "x", inputs: tuple[Shape, ...] = ()) -> Seen:
        body = textwrap.indent(textwrap.dedent(init).strip() or "pass", " " * 8)
        steps = textwrap.indent(textwrap.dedent(forward).strip(), " " * 8)
        code = (
            "class Net(nn.Module):\n"
            f"    def __init__(self):\n        super().__init__()\n{body}\n"
            f"    def forward(self, {arguments}):\n{steps}\n"
        )
        return one_of(read_code(code, network="Net", inputs=inputs), "Net")

    return seen


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Seen]]:
    """`files(main, {path: code})`: the networks of one file of a project; the imports are added to every file."""

    def seen(main: str, project: dict[str, str], name: str | None = None) -> list[Seen]:
        for path, code in project.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(code) if path.endswith("__init__.py") else HEAD + textwrap.dedent(code))
        path = tmp_path / main
        return read_text(path.read_text(), str(path), project=Project(tmp_path), network=name)

    return seen
