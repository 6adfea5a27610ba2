"""Two live networks run as wholes: what is called equal, what is not, and that neither is changed by it."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
np = pytest.importorskip("numpy")

from torch import nn  # noqa: E402

from netlint.engine.registry import load  # noqa: E402
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect  # noqa: E402
from netlint.engine.settings import Settings  # noqa: E402
from netlint.fixes.models import FixedModel, fix_model  # noqa: E402
from netlint.fixes.module import ModuleSurgeon, comparing  # noqa: E402
from netlint.fixes.module.comparing import compared  # noqa: E402

SAFE = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
CLOSE = Contract(Forward.CLOSE, StateDict.REMAP, TrainingEffect.SAME)
MEANT = Contract(Forward.CHANGES, StateDict.BREAKS, TrainingEffect.CHANGES)
IMAGE = torch.linspace(-2, 2, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)


def net(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), *layers, nn.Flatten())


def like(before: nn.Module, *layers: nn.Module) -> nn.Module:
    """The same first layer, with others behind it."""
    return nn.Sequential(copy.deepcopy(before[0]), *layers, nn.Flatten())  # type: ignore[index]


EQUAL = [
    (net(nn.ReLU(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.ReLU())),
    (net(nn.Hardtanh(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.Hardtanh())),
    (net(nn.Dropout(0.5), nn.ReLU()), (nn.Dropout(0.5), nn.ReLU(inplace=True))),
    (net(nn.ReLU(inplace=True)), (nn.ReLU(),)),
]


@pytest.mark.parametrize(("before", "layers"), EQUAL)
def test_what_is_the_same_is_identical(before: nn.Module, layers: tuple[nn.Module, ...]) -> None:
    found = compared(before, like(before, *layers), SAFE, IMAGE)
    assert found is not None and found.holds
    assert "results identical" in str(found) and "gradients identical" in str(found) and "training" in str(found)


def test_a_sigmoid_may_depend_on_the_place_of_its_element() -> None:
    """PyTorch's vectorised exponential and the one for the rest of a row may differ in the last place: not identical, but close."""
    before = net(nn.Sigmoid(), nn.MaxPool2d(2))
    found = compared(before, like(before, nn.MaxPool2d(2), nn.Sigmoid()), CLOSE, IMAGE)
    assert found is not None and found.holds, found


WRONG = [
    # what stood there, what a wrong fix made of it
    ((nn.ReLU(), nn.AvgPool2d(2)), (nn.AvgPool2d(2), nn.ReLU())),
    ((nn.GELU(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.GELU())),
    ((nn.SiLU(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.SiLU())),
    ((nn.Mish(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.Mish())),
    ((nn.Hardswish(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.Hardswish())),
    ((nn.LeakyReLU(-0.2), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.LeakyReLU(-0.2))),
    ((nn.PReLU(init=-0.2), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.PReLU(init=-0.2))),
    ((nn.RReLU(), nn.MaxPool2d(2)), (nn.MaxPool2d(2), nn.RReLU())),
    ((nn.ReLU(), nn.MaxPool2d(2)), (nn.ReLU6(), nn.MaxPool2d(2))),
    ((nn.Dropout(0.5),), (nn.Dropout(0.4),)),
    ((nn.Dropout(0.5),), (nn.Identity(),)),
    ((nn.BatchNorm2d(4),), (nn.BatchNorm2d(4, momentum=0.2),)),
    ((nn.BatchNorm2d(4),), (nn.BatchNorm2d(4, eps=1e-3),)),
    ((nn.BatchNorm2d(4),), (nn.InstanceNorm2d(4, affine=True),)),
    ((nn.MaxPool2d(4),), (nn.MaxPool2d(4, ceil_mode=True),)),
    ((nn.MaxPool2d(3, 2),), (nn.MaxPool2d(3, 2, padding=1),)),
    ((nn.ReLU(),), (nn.Threshold(0.0, -0.0), nn.Linear(1, 1))),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
@pytest.mark.parametrize("contract", [SAFE, CLOSE])
def test_wrong_changes_are_found(old: tuple[nn.Module, ...], new: tuple[nn.Module, ...], contract: Contract) -> None:
    before = net(*old)
    declared = Contract(contract.forward, StateDict.SAME, TrainingEffect.SAME)
    found = compared(before, like(before, *new), declared, IMAGE)
    assert found is not None and not found.holds, found


def test_an_exact_contract_is_not_kept_up_to_rounding() -> None:
    before = net(nn.Softmax(1))
    after = like(before, nn.LogSoftmax(1), _Exp())
    exact, close = compared(before, after, SAFE, IMAGE), compared(before, after, CLOSE, IMAGE)
    assert exact is not None and not exact.holds
    assert close is not None and close.holds and "equal up to rounding" in str(close)


class _Exp(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.exp()


def test_a_change_that_is_meant_is_measured() -> None:
    before = net(nn.ReLU())
    found = compared(before, like(before, nn.PReLU(init=0.1)), MEANT, IMAGE)
    assert found is not None and found.holds and "results change by up to" in str(found)


def test_a_copy_that_fails_is_not_held() -> None:
    before = net(nn.ReLU())
    found = compared(before, like(before, nn.Linear(99, 1)), MEANT, IMAGE)
    assert found is not None and not found.holds and "the network after fails in evaluation" in str(found)


def test_inputs_are_guessed_where_none_are_given() -> None:
    before = nn.Sequential(nn.Linear(6, 4), nn.ReLU())
    found = compared(before, copy.deepcopy(before), SAFE)
    assert found is not None and found.holds and found.data["inputs"] == 15


def test_a_network_that_cannot_be_called_is_not_compared() -> None:
    class Two(nn.Module):
        def forward(self, first: Any, second: Any) -> Any:
            return first + second

    assert compared(Two(), Two(), SAFE) is None
    found = compared(Two(), Two(), SAFE, (torch.ones(2), torch.ones(2)))
    assert found is not None and found.holds


def test_a_mode_that_the_network_does_not_take_is_left_out() -> None:
    before = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4))
    found = compared(before, copy.deepcopy(before), SAFE, torch.ones(1, 6))
    assert found is not None and found.holds and found.data["modes"] == ["evaluation"]


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SECONDS", 0.0)
    before = net(nn.ReLU())
    found = compared(before, copy.deepcopy(before), SAFE, IMAGE)
    assert found is not None and found.holds and found.data["inputs"] == 1


def test_it_works_within_no_grad_and_inference_mode() -> None:
    before = net(nn.ReLU())
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            found = compared(before, copy.deepcopy(before), SAFE, IMAGE)
            assert found is not None and found.holds and "gradients identical" in str(found)


# -- the user's module ------------------------------------------------------------------------------------------------------


class Counting(nn.Module):
    """Counts its calls, caches, prints, warns, and draws random numbers of three kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout(0.5))
        self.head = nn.Linear(36, 3)
        self.calls = 0
        self.cache: list[float] = []
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.calls += 1
        self.cache.append(random.random() + np.random.rand())
        self.seen += 1
        sys.stdout.write("called")
        return self.head(self.features(x).flatten(1))


def _everything(model: nn.Module) -> list[Any]:
    tensors = [value.detach().clone() for value in (*model.parameters(), *model.buffers())]
    grads = [None if value.grad is None else value.grad.clone() for value in model.parameters()]
    modes = [module.training for module in model.modules()]
    return [tensors, grads, modes, [value.requires_grad for value in model.parameters()], list(model.state_dict())]


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and first.dtype is second.dtype and torch.equal(first, second)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(_same, first, second))
    return bool(np.array_equal(first, second))


@pytest.mark.parametrize("kinds", [("safe",), ("safe", "unsafe")])
def test_the_given_module_and_the_random_numbers_stay_bit_for_bit(kinds: tuple[str, ...], capsys: Any) -> None:
    torch.manual_seed(5)
    model = Counting()
    model(torch.randn(4, 3, 8, 8)).sum().backward()
    model.features[1].eval()
    model.head.bias.requires_grad_(False)
    model.calls, model.cache = 7, [0.5]
    capsys.readouterr()
    before, identities = _everything(model), [id(value) for value in (*model.modules(), *model.parameters(), *model.buffers())]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    result = _fixed(model, kinds, torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
    assert result.changed and result.model is not model
    assert _same(before, _everything(model))
    assert identities == [id(value) for value in (*model.modules(), *model.parameters(), *model.buffers())]
    assert model.calls == 7 and model.cache == [0.5]
    assert _same(list(states), [torch.get_rng_state(), random.getstate(), np.random.get_state()])
    assert [module.training for module in result.model.modules()][: len(before[2])] == before[2]
    assert capsys.readouterr().out == ""


def _fixed(model: nn.Module, kinds: tuple[str, ...], example: Any = None) -> FixedModel[nn.Module]:
    settings = Settings(selected=frozenset(rule.code for rule in load().rules))
    return fix_model(ModuleSurgeon(settings, example), model, kinds)


def _safe(make: Callable[[], nn.Module], example: Any) -> None:
    torch.manual_seed(0)
    model = make()
    result = _fixed(model, ("safe",), example)
    assert [one.proposal.rule.code for one in result.made] == ["NL501"] * len(result.made) and result.made
    assert list(result.model.state_dict()) == list(model.state_dict())
    model.eval(), result.model.eval()
    with torch.no_grad():
        assert torch.equal(model(example), result.model(example))


def test_safe_fixes_of_whole_networks_are_bit_identical() -> None:
    def stage(width: int) -> list[nn.Module]:
        return [nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(inplace=True), nn.MaxPool2d(2)]

    _safe(lambda: nn.Sequential(*stage(3), *stage(6), nn.Flatten(), nn.Linear(48, 2)), torch.randn(4, 3, 8, 8))
    _safe(lambda: nn.Sequential(nn.Sequential(*stage(3)), nn.Flatten(), nn.Linear(96, 2)), torch.randn(4, 3, 8, 8))
