"""Random programs, linted, fixed and verified: what is fixed parses, is fixed once and for all, and says the same to torch.

A long run of the same properties: `NETLINT_EXAMPLES=2000 python -m pytest tests/fixes/source/test_random_networks.py`.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

hypothesis = pytest.importorskip("hypothesis")

from netlint.engine.registry import load  # noqa: E402
from netlint.engine.settings import Settings  # noqa: E402
from netlint.engine.targets import InputFile  # noqa: E402
from netlint.fixes import apply, checker, plan  # noqa: E402
from netlint.fixes.session import FixedFile, fix_file  # noqa: E402

st = hypothesis.strategies


def _loaded() -> Any:
    """The programs stand in a file of their own beside this one."""
    spec = importlib.util.spec_from_file_location("netlint_random_programs", Path(__file__).with_name("random_programs.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PROGRAMS = _loaded()
EXAMPLES = int(os.environ.get("NETLINT_EXAMPLES", "0"))
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES or 5,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=not EXAMPLES,
    phases=[hypothesis.Phase.generate] if EXAMPLES else list(hypothesis.Phase),
)
NAME = "net.py"
RULES = frozenset(rule.code for rule in load().rules)
BATCH = 3


def file_of(source: bytes) -> InputFile:
    return InputFile(NAME, Path(NAME).absolute(), Path.cwd(), text=source)


def fixed(source: bytes, *applicabilities: str) -> FixedFile:
    return fix_file(file_of(source), Settings(selected=RULES), applicabilities)


def run(source: bytes, training: bool, weights: Any = None) -> tuple[Any, Any]:
    """The network's result and its state_dict before the run; `weights` are loaded into it."""
    import torch

    space: dict[str, Any] = {}
    torch.manual_seed(0)
    exec(compile(source.partition(b"criterion = ")[0], NAME, "exec"), space)  # the network, without the loop that trains it
    net = space["net"].train(training)
    if weights is not None:
        net.load_state_dict(weights)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(1)
    x = torch.randn(BATCH, *PROGRAMS.INPUT)
    result = net(x)
    if training:
        result.square().sum().backward()
    return result.detach(), state


def runs(source: bytes) -> bool:
    """Whether a program is one that PyTorch takes; some overwrite what a backward pass needs."""
    try:
        run(source, training=True)
    except (RuntimeError, ValueError):
        return False
    return True


@SETTINGS
@hypothesis.given(PROGRAMS.programs())
def test_a_fix_changes_its_own_lines(program: Any) -> None:
    source = program.source.encode()
    lines = source.splitlines(keepends=True)
    for proposal in plan(checker(file_of(source), Settings(selected=RULES))(source).judged):
        if not proposal.fix.edits:
            continue
        after = apply(source, [proposal.fix]).splitlines(keepends=True)
        ast.parse(b"".join(after))
        touched = [row for edit in proposal.fix.edits for row in range(edit.location.row, edit.end_location.row + 1)]
        kept = Counter(line.rstrip(b"\r\n") for row, line in enumerate(lines, 1) if row not in touched)
        assert not kept - Counter(line.rstrip(b"\r\n") for line in after), proposal
        first, last = min(touched), max(touched)
        assert after[: first - 1] == lines[: first - 1]
        assert last >= len(lines) or after[len(after) - (len(lines) - last) :] == lines[last:]


@SETTINGS
@hypothesis.given(PROGRAMS.programs(), st.booleans())
def test_fixing_twice_is_fixing_once(program: Any, unsafe: bool) -> None:
    source = program.source.encode()
    levels = ("safe", "unsafe") if unsafe else ("safe",)
    once = fixed(source, *levels)
    ast.parse(once.source)
    if once.fixed.converged:
        again = fixed(once.source, *levels)
        assert again.source == once.source
        assert not again.fixed.made
    if find_spec("torch") is not None and unsafe and once.changed and runs(source):
        run(once.source, training=True)
        run(once.source, training=False)


@SETTINGS
@hypothesis.given(PROGRAMS.programs())
def test_a_safe_fix_changes_no_bit(program: Any) -> None:
    torch = pytest.importorskip("torch")
    source = program.source.encode()
    after = fixed(source, "safe")
    hypothesis.assume(after.changed and runs(source))
    for made in after.fixed.made:
        proof = after.proofs.get(id(made.proposal))
        assert proof is None or proof.refusal is None, made.proposal
    for training in (True, False):
        before, weights = run(source, training)
        result, state = run(after.source, training, weights)
        assert list(weights) == list(state)
        assert torch.equal(before.nan_to_num(), result.nan_to_num())
