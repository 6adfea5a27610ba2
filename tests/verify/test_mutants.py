"""Wrong fixes are refused, right ones are not; and torch says the same of them where it is installed."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from netlint.engine.rule import Forward
from netlint.verify import equivalence


def test_a_wrong_change_is_refused(wrong: Any) -> None:
    evidence = equivalence(*wrong.graphs(), wrong.contract)
    assert not evidence.holds, evidence
    assert evidence.broken or evidence.refused
    assert "\n" not in str(evidence)
    json.dumps(evidence.as_json(), allow_nan=False)


def test_a_right_change_holds(right: Any) -> None:
    evidence = equivalence(*right.graphs(), right.contract)
    assert evidence.holds, evidence
    assert evidence.unverified is None
    assert "\n" not in str(evidence)
    json.dumps(evidence.as_json(), allow_nan=False)


def test_there_are_enough_of_both(changes: ModuleType) -> None:
    assert len(changes.WRONG) >= 30
    assert len(changes.RIGHT) >= 30


def test_no_change_is_no_difference(right: Any) -> None:
    evidence = equivalence(right.graphs()[0], right.graphs()[0])
    assert evidence.holds, evidence
    assert evidence.regions == 0


def test_torch_agrees_that_a_right_change_changes_no_bit(right: Any) -> None:
    torch = pytest.importorskip("torch")
    if right.contract.forward is not Forward.EXACT or "strange" in right.before or "width" in right.before or "DataLoader" in right.before:
        pytest.skip("nothing to run, or a result that is only close")
    nets = [_made(source) for source in (right.before, right.after)]
    values = list(nets[0].state_dict().values())
    nets[1].load_state_dict(dict(zip(nets[1].state_dict(), values, strict=True)))
    for training in (True, False):
        for shape in _shapes(nets[0]):
            x = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
            results = []
            for net in nets:
                net.train(training).zero_grad()
                mine = x.clone().requires_grad_()
                torch.manual_seed(0)
                y = net(mine)
                y.backward(torch.randn(y.shape, generator=torch.Generator().manual_seed(2)))
                results.append((y.detach(), mine.grad))
            assert torch.equal(results[0][0], results[1][0])
            assert torch.equal(results[0][1], results[1][1])


def _made(source: str) -> Any:
    scope: dict[str, Any] = {}
    code = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n" + source
    exec(compile(code, "net.py", "exec"), scope)
    return scope["net"]


def _shapes(net: Any) -> list[tuple[int, ...]]:
    """Inputs that fit the first layer."""
    first = next(module for module in net.modules() if hasattr(module, "weight"))
    dims = first.weight.ndim - 2
    channels = first.weight.shape[1]
    return [(2, channels, *(size + 4 * n for n in range(dims))) for size in ((16, 18) if dims else (0,))]
