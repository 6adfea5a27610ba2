"""One network, several inputs: do the source, the live module and the exported ONNX model give the same graph and the same findings?

For torchvision's classification builders, each front end's graph is compared with the one before it: the counts and the order of
convolutions, linear layers, norms, activations, pools and dropouts, and the findings of the rules that both inputs can answer, by code
and module path (those on a whole network by code). Needs torch and torchvision; the ONNX column needs onnx and onnxscript as well. The
source is read from the installed package, or from `--source DIR`.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import io
import json
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from report import provenance, table
from truth import torchvision_builders

import netlint.graph.operators as ops
from netlint.engine.evaluation import Found, check_graph
from netlint.engine.placement import path_of
from netlint.engine.registry import load
from netlint.engine.rule import Rule
from netlint.engine.settings import Settings
from netlint.graph import Graph, Operator

KINDS: Mapping[str, type[Operator] | tuple[type[Operator], ...]] = {
    "conv": ops.Conv,
    "linear": ops.Linear,
    "norm": (ops.Norm, ops.LocalResponseNorm),
    "activation": ops.Activation,
    "pool": ops.Pool,
    "dropout": ops.Dropout,
}
"""What is counted and put in order."""


@dataclass(slots=True)
class Made:
    """One builder's network as each front end may want it."""

    name: str
    file: Path
    root: Path
    model: Any = None
    example: Any = None
    failure: str = ""


@dataclass(slots=True)
class Shown:
    """What one front end shows of a network; `graph` is None, and `failure` says why, where it shows none."""

    graph: Graph | None = None
    failure: str = ""
    order: list[str] = field(default_factory=list)
    findings: frozenset[tuple[str, str]] = frozenset()


# -- the front ends ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _project(root: Path) -> Any:
    from netlint.frontends.source import Project

    return Project(root)


def from_source(made: Made) -> Graph:
    from netlint.frontends.source import read

    return read(made.file.read_text(encoding="utf-8"), str(made.file), project=_project(made.root), network=made.name).graphs[0]


def from_module(made: Made) -> Graph:
    from netlint.frontends.module import read

    return read(made.model, name=made.name).graphs[0]


def from_onnx(made: Made) -> Graph:
    """Exported in training mode, so that the dropouts stay, without optimisation, so that the rest does."""
    onnx = importlib.import_module("torch").onnx
    from netlint.frontends.onnx import read

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        path = Path(folder) / f"{made.name}.onnx"
        onnx.export(made.model.train(), made.example, str(path), dynamo=True, optimize=False, external_data=True)
        return read(path).graphs[0]


FRONT_ENDS: Mapping[str, Callable[[Made], Graph]] = {"source": from_source, "module": from_module, "onnx": from_onnx}
"""The columns, in order: each is compared with the one before it."""


# -- networks ---------------------------------------------------------------------------------------------------------------


def networks(names: Sequence[str], source: Path | None) -> Iterator[Made]:
    """The networks of torchvision's builders: on the CPU, for some cannot be built without data."""
    torch = importlib.import_module("torch")
    from netlint.frontends.module.construction import watch_construction

    package = importlib.import_module("torchvision").__file__
    root = source if source is not None else Path(str(package)).parent.parent
    for builder in torchvision_builders():
        if names and builder.__name__ not in names:
            continue
        file = root / Path(*builder.__module__.split(".")).with_suffix(".py")
        made = Made(builder.__name__, file, root)
        try:
            options = {"init_weights": False} if builder.__name__ in ("googlenet", "inception_v3") else {}  # minutes, and of no use here
            with watch_construction():
                made.model = builder(**options)
            side = 299 if builder.__name__ == "inception_v3" else 224
            made.example = (torch.randn(2, 3, side, side),)
        except Exception as error:  # whatever a model raises, the others are compared
            made.failure = f"{type(error).__name__}: {error}"
        yield made


def show(made: Made, read: Callable[[Made], Graph], rules: Sequence[Rule], settings: Settings) -> Shown:
    """A front end's view of a network."""
    try:
        graph = read(made)
    except Exception as error:  # a front end that fails is a row of the table
        return Shown(failure=f"{type(error).__name__}: {error}")
    order = [kind for operator in graph.operators if not _is_idle(operator) for kind, kinds in KINDS.items() if isinstance(operator, kinds)]
    found, _ = check_graph(graph, rules, settings)
    return Shown(graph, "", order, frozenset((one.rule.code, _compared_at(one)) for one in found))


def _is_idle(operator: Operator) -> bool:
    """A dropout of nothing (the first of a stochastic depth that grows): exporters leave it out."""
    return isinstance(operator, ops.Dropout) and operator.p == 0


def _compared_at(found: Found) -> str:
    """The module path; of a rule on the whole network none: the layer it points at depends on classes, which no export records."""
    return "" if Graph in found.rule.subjects else path_of(found.finding.at)


# -- the comparison ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two front ends' views of one network, side by side."""

    layers: str
    findings: str

    @property
    def full(self) -> bool:
        return self.layers == "" and self.findings == ""


def compare(first: Shown, second: Shown, rules: Sequence[Rule]) -> Agreement:
    """Empty texts where they agree, else what the second has more (+) and less (-). Rules that one cannot answer are left out."""
    if first.graph is None or second.graph is None:
        return Agreement(first.failure or second.failure, "")
    answered = {rule.code for rule in rules if rule.needs in first.graph.facts and rule.needs in second.graph.facts}
    known = [frozenset(finding for finding in shown.findings if finding[0] in answered) for shown in (first, second)]
    return Agreement(_difference(first.order, second.order), _changes(sorted(known[0] - known[1]), sorted(known[1] - known[0])))


def _difference(first: list[str], second: list[str]) -> str:
    counts = Counter(second)
    counts.subtract(Counter(first))
    several = [f"{count:+d} {kind}" for kind, count in sorted(counts.items()) if count]
    if several or first == second:
        return ", ".join(several)
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    place = next(block.a + block.size for block in matcher.get_matching_blocks())
    return f"another order from the {place + 1}. on"


def _changes(lost: Sequence[tuple[str, str]], gained: Sequence[tuple[str, str]]) -> str:
    texts = [*(f"- {code} {path}" for code, path in lost), *(f"+ {code} {path}" for code, path in gained)]
    return ", ".join(texts[:4]) + (f" and {len(texts) - 4} more" if len(texts) > 4 else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="BUILDER", help="only these builders")
    parser.add_argument("--source", type=Path, metavar="DIR", help="the folder that holds the package's source")
    parser.add_argument("--inputs", default="source,module", help=f"which to compare, of {','.join(FRONT_ENDS)} (default: %(default)s)")
    options = parser.parse_args()
    columns = options.inputs.split(",")
    warnings.simplefilter("ignore")
    rules = load().rules
    settings = Settings(selected=frozenset(rule.code for rule in rules))
    rows, full = [], Counter[str]()
    for made in networks(options.names, options.source):
        shown = [Shown(failure=made.failure) if made.failure else show(made, FRONT_ENDS[column], rules, settings) for column in columns]
        made.model = None
        cells = [made.name, *(len(each.order) if each.graph is not None else "-" for each in shown)]
        for name, first, second in zip(columns[1:], shown, shown[1:], strict=False):
            agreement = compare(first, second, rules)
            full[name] += agreement.full
            cells += [agreement.layers or "agree", agreement.findings or "agree"]
        rows.append(cells)
        print(json.dumps(cells), file=sys.stderr, flush=True)
    pairs = list(pairwise(columns))
    header = ("builder", *columns, *(f"{second}: {what}" for _, second in pairs for what in ("layers", "findings")))
    torch, torchvision = (importlib.import_module(name).__version__ for name in ("torch", "torchvision"))
    print("# Agreement of the front ends: torchvision's classification networks\n")
    print(provenance("python benchmarks/agreement.py --inputs " + options.inputs, (f"torch {torch}", f"torchvision {torchvision}")) + "\n")
    for first_name, second_name in pairs:
        print(f"{first_name} and {second_name}: {full[second_name]} of {len(rows)} networks agree fully.")
    print("\n" + table(header, rows, right=range(1, 1 + len(columns))))
    return int(any(full[second_name] < 0.9 * len(rows) for _, second_name in pairs))


if __name__ == "__main__":
    sys.exit(main())
