"""One example, three inputs: the same network as source, as a live module and as an ONNX model must get the same answer.

Only for examples of one's own: their code is run here. Needs PyTorch, and the ONNX exporter for the third.
"""

from __future__ import annotations

import ast
import linecache
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from netlint.engine.evaluation import check_graph
from netlint.engine.placement import path_of
from netlint.engine.rule import Example, Rule
from netlint.engine.settings import Settings
from netlint.frontends.errors import InputError
from netlint.graph import Fact, Graph
from netlint.graph.operators import Input, Loss
from netlint.testing.rules import ExampleError, networks_in, render_example, settings_of

MADE_UP_BATCH = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """One network of an example through one front end: agreed, or not comparable for a reason."""

    network: str
    frontend: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a rule says of a network: the module paths that it flags, and why it does not know elsewhere."""

    flagged: tuple[str, ...]
    unknown: tuple[str, ...]


def check_agreement(rule: Rule, example: Example) -> list[Comparison]:
    """Puts the rule to the networks of an example through the three front ends, as far as each has the facts that the rule needs.

    Raises ExampleError where a live module or an ONNX model gets another answer than the source, unless one of the two answers is
    Unknown. What could not be compared is in the result, with the reason.
    """
    code = render_example(example)
    settings = settings_of(rule, example)
    with _run(code) as namespace:
        return list(_compared(rule, settings, code, namespace))


def _compared(rule: Rule, settings: Settings, code: str, namespace: dict[str, Any]) -> Iterator[Comparison]:
    for graph in networks_in(code):
        if graph.root is None or not graph.concrete:
            continue
        expected = _answer(rule, graph, settings)
        for frontend, reading in _others(graph, namespace, rule.needs):
            if isinstance(reading, str):
                yield Comparison(graph.name, frontend, reading)
                continue
            if rule.needs not in reading.facts:
                yield Comparison(graph.name, frontend, f"it does not tell {rule.needs.value}")
                continue
            got = _answer(rule, reading, settings)
            same = _agree(rule, expected, got, by_path=frontend == "module")
            if not same and frontend == "onnx" and _one_line_makes_several(graph):
                yield Comparison(graph.name, frontend, "one line of code makes several layers, which an export does not record")
                continue
            if not same and not (got.unknown or expected.unknown):
                raise ExampleError(
                    f"{rule.code} {rule.name}: `{graph.name}` as {frontend} flags {list(got.flagged)}, "
                    f"as source {list(expected.flagged)}\n{code}"
                )
            yield Comparison(graph.name, frontend, "" if same else "one of the answers is unknown")


def _agree(rule: Rule, expected: _Answer, got: _Answer, by_path: bool) -> bool:
    """Whether two front ends flag the same things.

    A rule on the whole network fires or not: how many findings that are depends on the classes, which no export records. Where a finding
    is about a line and not about a layer (an initialiser, say), and in an ONNX model, only the number can be compared.
    """
    if Graph in rule.subjects:
        return bool(got.flagged) == bool(expected.flagged)
    if by_path and all(expected.flagged) and all(got.flagged):
        return got.flagged == expected.flagged
    return len(got.flagged) == len(expected.flagged)


def _one_line_makes_several(graph: Graph) -> bool:
    """Whether a rule may have judged a line of code by all that it makes."""
    lines = [(operator.site.key, id(operator.layer)) for operator in graph.operators if operator.site is not None]
    return len({key for key, _ in lines}) < len(lines)


def _answer(rule: Rule, graph: Graph, settings: Settings) -> _Answer:
    found, unanswered = check_graph(graph, [rule], settings)
    return _Answer(tuple(sorted(path_of(one.finding.at) for one in found)), tuple(question.reason for question in unanswered))


@contextmanager
def _run(code: str) -> Iterator[dict[str, Any]]:
    """What an example defines, from a file, so that its lines can be read. A statement that cannot be run (a fragment of a training
    loop, say) is left out."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "example.py"
        path.write_text(code, encoding="utf-8")
        module = ModuleType("netlint_example")
        module.__file__ = str(path)
        sys.modules[module.__name__] = module
        try:
            for statement in ast.parse(code).body:
                with suppress(Exception):  # fragments use names that they do not define
                    exec(compile(ast.Module([statement], []), str(path), "exec"), vars(module))
            yield vars(module)
        finally:
            del sys.modules[module.__name__]
            linecache.checkcache(str(path))


def _others(graph: Graph, namespace: dict[str, Any], needs: Fact) -> Iterator[tuple[str, Graph | str]]:
    """The network as a live module and as an ONNX model, each as its graph or as a reason why there is none."""
    import torch

    from netlint.frontends import module, onnx

    if any(isinstance(operator, Loss) for operator in graph.operators) or graph.training.optimizers or graph.training.penalties:
        yield "module", "it is an example of training code"
        return
    model = namespace.get(graph.name)
    try:
        if not isinstance(model, torch.nn.Module):
            model = model() if callable(model) else None
        if not isinstance(model, torch.nn.Module):
            yield "module", "the example does not make it"
            return
        live = module.read(model, name=graph.name).graphs[0]
    except InputError as error:
        yield "module", str(error)
        return
    except Exception as error:
        yield "module", f"making it raises {type(error).__name__}"
        return
    yield "module", live
    if needs in onnx.FACTS:
        yield "onnx", _exported(model, live)


def _exported(model: Any, live: Graph) -> Graph | str:
    import torch

    from netlint.frontends import onnx

    shapes = [operator.shape for operator in live.of(Input)]
    sizes = [[size if isinstance(size, int) else MADE_UP_BATCH for size in shape] for shape in shapes if shape is not None]
    if len(sizes) != len(shapes):
        return "the shapes of its inputs are not known"
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it lists what is not installed, at every export
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                model.eval(), tuple(torch.zeros(size) for size in sizes), dynamo=True, optimize=False, verbose=False
            )
    except Exception as error:
        return f"it cannot be exported: {type(error).__name__}"
    assert program is not None
    return onnx.read(program.model_proto, name=live.name).graphs[0]
