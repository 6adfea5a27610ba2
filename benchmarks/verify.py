"""What the verifier refuses and accepts, and what its measurements say. Prints Markdown.

`python benchmarks/verify.py` holds every wrong and every right change of `tests/verify/mutants.py` against its declaration, and measures a
10-layer sigmoid network with its cures. It exits with 1 if a wrong change is accepted or a right one refused.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from report import provenance, table

from netlint.graph import Graph
from netlint.verify import Propagation, activation_costs, alternatives, equivalence, propagation

MUTANTS = Path(__file__).parent.parent / "tests" / "verify" / "mutants.py"
DEPTH, WIDTH, BATCH = 10, 64, 32
SHAPE = (8, 64, 56, 56)


def mutants() -> ModuleType:
    """The table of changes."""
    spec = importlib.util.spec_from_file_location("netlint_mutants", MUTANTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def judged(changes: Iterable[Any], wanted: bool) -> tuple[list[tuple[str, str, str]], list[str]]:
    """A row a change, and the names of those that were judged wrongly."""
    rows, wrong = [], []
    for change in changes:
        before, after = change.graphs()
        evidence = equivalence(before, after, change.contract)
        if evidence.holds is not wanted:
            wrong.append(change.name)
        rows.append((change.name, "holds" if evidence.holds else "refused", str(evidence)))
    return rows, wrong


def signals(graph: Graph) -> list[tuple[str, str, str, str]]:
    """First and last gradient and their ratio, as the network is and with each cure."""
    rows = []
    for name, network in {"as it is": graph, **alternatives(graph)}.items():
        found = propagation(network, [(BATCH, WIDTH)], n=5)
        if isinstance(found, Propagation):
            ratio = "" if found.ratio is None else f"{found.ratio:.2g}"
            rows.append((name, f"{found.layers[0].gradient:.2g}", f"{found.layers[-1].gradient:.2g}", ratio))
        else:
            rows.append((name, "", "", found.reason))
    return rows


def main() -> int:
    start = time.perf_counter()
    module = mutants()
    refused, accepted_wrongly = judged(module.WRONG, wanted=False)
    held, refused_wrongly = judged(module.RIGHT, wanted=True)
    seconds = time.perf_counter() - start
    print("# Changes held against their declarations\n")
    print(f"{len(refused) - len(accepted_wrongly)} of {len(refused)} wrong changes refused, ", end="")
    print(f"{len(held) - len(refused_wrongly)} of {len(held)} right ones accepted, in {seconds:.0f} s.\n")
    print(provenance("python benchmarks/verify.py", (f"NumPy {np.__version__}", f"Python {platform.python_version()}")), end="\n\n")
    for title, rows in (("Wrong", refused), ("Right", held)):
        print(f"## {title}\n\n{table(('change', 'verdict', 'evidence'), rows)}\n")
    layers = ", ".join(["nn.Linear(64, 64), nn.Sigmoid()"] * (DEPTH - 1) + ["nn.Linear(64, 64)"])
    graph = module.graph_of(f"net = nn.Sequential({layers})\n")
    print(f"# Gradients of a {DEPTH}-layer sigmoid network, and with each cure\n")
    print(table(("network", "first layer", "last layer", "first / last"), signals(graph), right=(1, 2, 3)), end="\n\n")
    print(f"# Activations on a tensor of {'x'.join(map(str, SHAPE))}\n")
    timed = [
        (cost.name, cost.flops, cost.bytes, f"{(cost.forward or 0) * 1e3:.2f}", f"{(cost.backward or 0) * 1e3:.2f}", cost.measured_with)
        for cost in activation_costs(SHAPE)
    ]
    print(table(("activation", "operations", "bytes", "forward, ms", "backward, ms", "measured with"), timed, right=(1, 2, 3, 4)))
    for name in accepted_wrongly:
        print(f"accepted, but wrong: {name}", file=sys.stderr)
    for name in refused_wrongly:
        print(f"refused, but right: {name}", file=sys.stderr)
    return 1 if accepted_wrongly or refused_wrongly else 0


if __name__ == "__main__":
    sys.exit(main())
