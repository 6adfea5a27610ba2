"""One example, three inputs: every example as source, as a live module and as an ONNX model gets the same answer."""

from __future__ import annotations

import warnings

import pytest

from netlint.engine.registry import Entry, load
from netlint.engine.rule import Example
from netlint.testing import check_agreement

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

EXAMPLES = [
    pytest.param(entry, example, id=f"{entry.rule.code}-{kind}-{number}")
    for entry in load().entries
    for kind, examples in (("invalid", entry.invalid), ("valid", entry.valid))
    for number, example in enumerate(examples)
]
COMPARED = 240
"""Comparisons that were possible when this was written: most other examples are of training code, which a model does not show."""


@pytest.fixture(scope="module")
def compared() -> list[str]:
    return []


@pytest.mark.parametrize(("entry", "example"), EXAMPLES)
def test_the_front_ends_agree(entry: Entry, example: Example, compared: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # examples of mistakes are warned about by PyTorch too
        compared += [entry.rule.code for comparison in check_agreement(entry.rule, example) if not comparison.reason]


def test_most_examples_could_be_compared(compared: list[str], request: pytest.FixtureRequest) -> None:
    if len(request.session.items) < len(EXAMPLES):
        pytest.skip("only some of the examples were run")
    assert len(compared) >= COMPARED
