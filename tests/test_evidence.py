"""The experiments of `benchmarks/evidence`: the rule of the verdicts, the committed results, and two experiments run small."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netlint.engine.registry import load as load_rules

pytest.importorskip("torch")

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "evidence" / "results"
SLUGS = sorted(path.stem for path in RESULTS.glob("*.json"))


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return lambda name: importlib.import_module(f"evidence.{name}")


def read(slug: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((RESULTS / f"{slug}.json").read_text(encoding="utf-8"))
    return result


# -- the rule of the verdicts -----------------------------------------------------------------------------------------


def judged(load: Any, claims: list[dict[str, Any]], **arms: list[float]) -> tuple[str, list[str]]:
    """The verdict on the claims, and the outcome of each check, for the values of each arm by seed."""
    verdict, experiment = load("verdict"), load("experiment")
    seeds = range(len(next(iter(arms.values()))))
    rows = experiment.rows([experiment.Measured(arm, None, {"m": values[seed]}) for arm, values in arms.items()] for seed in seeds)
    found = verdict.checks([verdict.Claim("a claim", metric="m", **claim) for claim in claims], rows)
    return verdict.verdict(found), [check.outcome for check in found]


A_OVER_B, B_OVER_A = {"arm": "a", "than": "b"}, {"arm": "b", "than": "a"}


@pytest.mark.parametrize(
    ("claims", "a", "b", "expected"),
    [
        # The differences are .1 on average with a standard error of .01; Student's t for four pairs is 3.18.
        ([A_OVER_B], [0.6, 0.62, 0.58, 0.6], [0.5, 0.5, 0.5, 0.5], ("supports", ["holds"])),
        ([B_OVER_A], [0.6, 0.62, 0.58, 0.6], [0.5, 0.5, 0.5, 0.5], ("contradicts", ["refuted"])),
        ([{**B_OVER_A, "higher": False}], [0.6, 0.62, 0.58, 0.6], [0.5, 0.5, 0.5, 0.5], ("supports", ["holds"])),
        ([{**A_OVER_B, "least": 0.2}], [0.6, 0.62, 0.58, 0.6], [0.5, 0.5, 0.5, 0.5], ("no effect", ["no effect"])),
        # The seeds differ much, the pairs do not.
        ([A_OVER_B], [0.2, 0.5, 0.8], [0.1, 0.4, 0.7], ("supports", ["holds"])),
        ([A_OVER_B], [0.2, 0.5, 0.8], [0.4, 0.7, 0.1], ("no effect", ["no effect"])),
        ([A_OVER_B, B_OVER_A], [0.6, 0.6], [0.5, 0.5], ("mixed", ["holds", "refuted"])),
        # One of two holds: not more than half.
        ([A_OVER_B, {**A_OVER_B, "least": 1.0}], [0.6, 0.6], [0.5, 0.5], ("mixed", ["holds", "no effect"])),
        ([{"arm": "a", "bound": 0.5}], [0.6, 0.61, 0.59], [0.0, 0.0, 0.0], ("supports", ["holds"])),
        ([{"arm": "a", "bound": 0.5, "higher": False}], [0.6, 0.61, 0.59], [0.0, 0.0, 0.0], ("contradicts", ["refuted"])),
        # One seed shows nothing.
        ([A_OVER_B], [0.9], [0.1], ("no effect", ["no effect"])),
    ],
)
def test_a_verdict_follows_from_the_pairs(
    load: Any, claims: list[Any], a: list[float], b: list[float], expected: tuple[str, list[str]]
) -> None:
    assert judged(load, claims, a=a, b=b) == expected


def test_a_claim_about_what_was_not_measured_is_an_error(load: Any) -> None:
    with pytest.raises(LookupError, match="no m of 'c' was measured"):
        judged(load, [{"arm": "c"}], a=[1.0, 2.0])


def test_a_statement_is_judged_by_its_own_claims(load: Any) -> None:
    verdict, experiment = load("verdict"), load("experiment")
    rows = experiment.rows([experiment.Measured("a", None, {"m": 1.0})] for _ in range(3))
    claims = [verdict.Claim("high", "a", "m", bound=0.5, statements=("S1",)), verdict.Claim("low", "a", "m", bound=0.5, higher=False)]
    found = verdict.checks(claims, rows)
    assert verdict.by_statement(found, ("S1", "S2")) == {"S1": "mixed", "S2": "contradicts"}
    assert verdict.summary(found, ("S1", "S2")).startswith(
        "The figure supports only in part the document's S1, and contradicts the document's S2. high: holds (m: 1 against 0.5)."
    )


# -- the data ---------------------------------------------------------------------------------------------------------


def test_the_loader_opens_arrays_and_nothing_else(load: Any) -> None:
    numpy = pytest.importorskip("numpy")
    opened = (
        load("data").ArraysOnly(io.BytesIO(pickle.dumps((numpy.arange(3), 1), protocol=3).replace(b"numpy._core", b"numpy.core"))).load()
    )
    assert opened[0].tolist() == [0, 1, 2]
    for harmful in (print, subprocess.Popen, Path):
        with pytest.raises(pickle.UnpicklingError, match="is not needed for an array"):
            load("data").ArraysOnly(io.BytesIO(pickle.dumps(harmful))).load()


def test_a_seed_draws_the_same_samples_and_no_sample_twice(load: Any) -> None:
    pytest.importorskip("sklearn")
    data = load("data")
    one, same, other = data.load("wine", 0), data.load("wine", 0), data.load("wine", 1)
    assert (one.train.x == same.train.x).all() and not (one.train.x == other.train.x).all()
    assert (len(one.train), len(one.test), one.features, one.classes) == (118, 60, 13, 3)
    assert len({tuple(row) for row in [*one.train.x.tolist(), *one.test.x.tolist()]}) == 178
    assert one.train.x.mean(0).abs().max() < 1e-5


# -- the committed results --------------------------------------------------------------------------------------------


def test_every_experiment_has_its_result(load: Any) -> None:
    experiments = load("experiments").experiments()
    assert list(experiments) == SLUGS
    assert all(experiment.slug == slug for slug, experiment in experiments.items())
    assert {path.stem for path in RESULTS.glob("*.svg")} == set(SLUGS)


def test_the_results_cover_the_document() -> None:
    covered = {statement for slug in SLUGS for statement in read(slug)["statements"]}
    assert covered >= {f"S{number}" for number in range(1, 27)}
    assert {code for slug in SLUGS for code in read(slug)["rules"]} <= set(load_rules().codes)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_result_follows_from_its_figures(slug: str, load: Any) -> None:
    main = load("__main__")
    result = read(slug)
    assert main.again(load("experiments").experiments()[slug], result) == result
    assert len(result["seeds"]) >= 5
    assert all(len(row["values"]) == len(result["seeds"]) for row in result["rows"])
    assert {"python", "torch", "numpy", "scikit-learn"} <= set(result["versions"])


@pytest.mark.parametrize("slug", SLUGS)
def test_a_plot_is_readable_on_light_and_dark(slug: str) -> None:
    text = (RESULTS / f"{slug}.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml") and text.count("<text") > 3
    assert "#000000" not in text and "#ffffff" not in text and "<dc:date>" not in text


# -- the command ------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks.evidence", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_command_lists_its_experiments() -> None:
    listed = run("--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == SLUGS, listed.stderr
    assert run("no-such-experiment").returncode == 2


def test_dropout_left_on_costs_accuracy(load: Any) -> None:
    pytest.importorskip("sklearn")
    result = load("__main__").run(load("experiments").experiments()["dropout-eval"], "digits", [0, 1])
    means = {(row["arm"], row["at"], row["metric"]): row["mean"] for row in result["rows"]}
    assert means["on in eval", 0.8, "accuracy"] < means["off in eval", 0.8, "accuracy"]
    assert means["on in eval", 0.8, "differ"] > 0 == means["off in eval", 0.8, "differ"]


def test_the_command_prints_the_committed_verdict() -> None:
    pytest.importorskip("sklearn")
    printed = run("bias-before-bn", "--data", "wine", "--seeds", "3")
    assert "verdict: supports" in printed.stdout, printed.stderr
    assert "committed result (digits, 5 seeds): supports, the same" in printed.stdout


# -- what others show of it ----------------------------------------------------------------------------------------------


def test_the_rules_pages_and_the_table_have_what_the_results_say(load: Any) -> None:
    """`python -m benchmarks.evidence --again` writes both."""
    digest = load("digest")
    found = digest.results()
    assert [result["experiment"] for result in found] == SLUGS
    assert digest.VERDICTS.read_text(encoding="utf-8") == digest.verdicts(found)
    assert digest.TABLE.read_text(encoding="utf-8") == digest.table(found)


def test_the_table_holds_every_statement_of_the_document() -> None:
    rows = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8").splitlines()
    assert {row.split("|")[1].strip().rstrip("+") for row in rows if row.startswith("| S")} == {f"S{number}" for number in range(1, 27)}
