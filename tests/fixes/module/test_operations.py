"""Each intent on a live network: what the copy is, what became of its keys, and what cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from netlint.engine.intent import (  # noqa: E402
    ChangeClass,
    Initialize,
    InsertAfter,
    Intent,
    Register,
    Replace,
    Rewrite,
    SetOption,
    Swap,
)
from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect  # noqa: E402
from netlint.engine.settings import Settings  # noqa: E402
from netlint.fixes.models import Operated  # noqa: E402
from netlint.fixes.module import ModuleSurgeon  # noqa: E402
from netlint.fixes.proposal import Refusal  # noqa: E402
from netlint.frontends.module import read  # noqa: E402
from netlint.graph import FixedSite, Graph, Location, Operator, Optimizer  # noqa: E402
from netlint.graph import operators as ops  # noqa: E402

CHANGES = Contract(Forward.CHANGES, StateDict.BREAKS, TrainingEffect.CHANGES)
SURGEON = ModuleSurgeon(Settings(selected=frozenset()))
ADAM = Optimizer(kind="Adam", groups=(), options={}, explicit=frozenset(), site=FixedSite(Location("train.py", 1, 1, 1, 9)))
Intends = Callable[[Graph], Intent]


def operated(model: nn.Module, intends: Intends, example: Any = None) -> Operated[nn.Module]:
    graph = read(model, example_inputs=example).graphs[0]
    return SURGEON.operate(model, graph, intends(graph), CHANGES)


def at(graph: Graph, path: str, number: int = 0) -> Operator:
    return [operator for operator in graph.operators if operator.layer is not None and operator.path == path][number]


def swapped(first: str, second: str) -> Intends:
    return lambda graph: Swap(at(graph, first), at(graph, second))


def replaced(path: str, *new: Operator) -> Intends:
    return lambda graph: Replace(at(graph, path), new)


def inserted(path: str, new: Operator) -> Intends:
    return lambda graph: InsertAfter(at(graph, path), new)


def option(path: str, **options: object) -> Intends:
    return lambda graph: SetOption(at(graph, path), options)


def shown(model: nn.Module) -> str:
    """The leaves by path: `0 Conv2d, 1 ReLU`."""
    return ", ".join(f"{path} {type(module).__name__}" for path, module in model.named_modules() if not list(module.children()))


class Net(nn.Module):
    """What a user writes: attributes, applied in a forward of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 8)
        self.act = nn.Sigmoid()
        self.fc2 = nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        return self.fc2(self.act(self.fc1(x)))


class Twice(nn.Module):
    """One object in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.act = nn.Linear(6, 6), nn.Linear(6, 6), nn.ReLU()

    def forward(self, x: Any) -> Any:
        return self.act(self.fc2(self.act(self.fc1(x))))


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(1, 4, 3), nn.MaxPool2d(2)

    def forward(self, x: Any) -> Any:
        return self.pool(F.relu(self.conv(x)))


class Hidden(nn.Module):
    """A layer in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.acts = [nn.Sigmoid()]

    def forward(self, x: Any) -> Any:
        return self.acts[0](self.fc(x))


class Reversed(nn.Sequential):
    """A Sequential with an order of its own."""

    def forward(self, x: Any) -> Any:
        for layer in reversed(list(self)):
            x = layer(x)
        return x


class Indexed(nn.Module):
    """Picks the elements of a list, which nothing applies as a whole."""

    def __init__(self, container: type[nn.Module] = nn.ModuleList) -> None:
        super().__init__()
        layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)]
        self.layers: Any = container(layers) if container is nn.ModuleList else nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


def named(**layers: nn.Module) -> nn.Sequential:
    net = nn.Sequential()
    for name, layer in layers.items():
        net.add_module(name, layer)
    return net


DONE = [
    # the network, the intent, the leaves of the copy, what became of the keys
    (lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), swapped("1", "2"), "0 Conv2d, 1 MaxPool2d, 2 ReLU", "same"),
    (
        lambda: named(conv=nn.Conv2d(1, 4, 3), act=nn.ReLU(), pool=nn.MaxPool2d(2)),
        swapped("act", "pool"),
        "conv Conv2d, pool MaxPool2d, act ReLU",
        "same",
    ),
    (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.3), nn.BatchNorm1d(4)),
        swapped("1", "2"),
        "0 Linear, 1 BatchNorm1d, 2 Dropout",
        "remap",
    ),
    (
        lambda: named(fc=nn.Linear(6, 4), drop=nn.Dropout(0.3), norm=nn.BatchNorm1d(4)),
        swapped("drop", "norm"),
        "fc Linear, norm BatchNorm1d, drop Dropout",
        "same",
    ),
    (Net, replaced("act", ops.PReLU(init=0.1)), "fc1 Linear, act PReLU, fc2 Linear", "breaks"),
    (Net, replaced("act", ops.ReLU()), "fc1 Linear, act ReLU, fc2 Linear", "same"),
    (Net, replaced("act"), "fc1 Linear, act Identity, fc2 Linear", "same"),
    (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)),
        replaced("1", ops.LayerNorm(normalized_shape=(4,))),
        "0 Linear, 1 LayerNorm",
        "remap",
    ),
    (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)),
        replaced("1", ops.GroupNorm(num_groups=2, num_channels=4)),
        "0 Conv2d, 1 GroupNorm",
        "remap",
    ),
    (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout(0.2)),
        replaced("1", ops.ChannelDropout(p=0.2, dims=2)),
        "0 Conv2d, 1 Dropout2d",
        "same",
    ),
    (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)),
        inserted("1", ops.Dropout(p=0.5)),
        "0 Linear, 1 ReLU, dropout Dropout, 2 Linear",
        "same",
    ),
    (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 2)),
        inserted("0", ops.BatchNorm(num_features=4, dims=1)),
        "0 Linear, batchnorm1d BatchNorm1d, 1 Linear",
        "breaks",
    ),
    (Net, inserted("act", ops.Dropout(p=0.5)), "fc1 Linear, act.0 Sigmoid, act.1 Dropout, fc2 Linear", "same"),
    (Net, inserted("fc1", ops.Dropout(p=0.5)), "fc1.0 Linear, fc1.1 Dropout, act Sigmoid, fc2 Linear", "remap"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.9)), option("1", p=0.5), "0 Linear, 1 Dropout", "same"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)), option("1", eps=1e-3), "0 Linear, 1 BatchNorm1d", "same"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)), option("0", bias=False), "0 Linear, 1 BatchNorm1d", "remap"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.PReLU()), option("1", init=0.1), "0 Linear, 1 PReLU", "same"),
]


@pytest.mark.parametrize(("make", "intends", "leaves", "state"), DONE)
def test_a_step_is_done_on_a_copy(make: Callable[[], nn.Module], intends: Intends, leaves: str, state: str) -> None:
    model = make()
    before = shown(model)
    result = operated(model, intends)
    assert shown(result.model) == leaves
    assert result.state_dict is not None and result.state_dict.value == state
    assert shown(model) == before
    mine = {id(value) for value in (*model.modules(), *model.parameters(), *model.buffers())}
    assert not mine & {id(value) for value in (*result.model.modules(), *result.model.parameters(), *result.model.buffers())}


REFUSED = [
    (Functional, lambda graph: Swap(next(graph.of(ops.ReLU)), at(graph, "pool")), r"applied by the code .*test_operations.py:\d+.* --fix`"),
    (Functional, lambda graph: Replace(next(graph.of(ops.ReLU)), (ops.PReLU(init=0.1),)), r"applied by the code of a `forward` .*--fix`"),
    (Functional, lambda graph: InsertAfter(next(graph.of(ops.ReLU)), ops.Dropout(p=0.5)), r"applied by the code of a `forward`"),
    (Indexed, swapped("layers.1", "layers.2"), r"applied by the code of a `forward`"),
    (lambda: Indexed(nn.Sequential), swapped("layers.1", "layers.2"), r"applied by the code of a `forward`"),
    (lambda: Reversed(nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(1, 4, 3)), swapped("1", "0"), r"applied by the code of a `forward`"),
    (Net, swapped("fc1", "act"), r"applied by the code of a `forward`"),
    (Twice, lambda graph: Replace(at(graph, "act"), (ops.ELU(),)), r"`act` is applied in 2 places, of which only some"),
    (Twice, inserted("act", ops.Dropout(p=0.5)), r"`act` is applied in 2 places"),
    (
        Twice,
        lambda graph: (Replace(at(graph, "act"), (ops.ELU(),)), Replace(at(graph, "act", 1), (ops.ReLU(),))),
        r"need different changes",
    ),
    (Hidden, replaced("acts.0", ops.ReLU()), r"belongs to no module .*--fix`"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)), option("1", affine=False), r"`affine` of a BatchNorm1d decides"),
    (
        lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, affine=False)),
        option("1", track_running_stats=False),
        r"`track_running_stats` of a BatchNorm1d decides",
    ),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.BatchNorm1d(4)), option("0", bias=False), r"not read by one batch norm alone"),
    (lambda: nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.5)), option("1", rate=0.2), r"`rate` of a Dropout decides"),
    (
        lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)), nn.ReLU()),
        lambda graph: Initialize((at(graph, "0").layer,), "kaiming_normal_"),  # type: ignore[arg-type]
        r"reparametrised",
    ),
    (Net, lambda graph: Register(graph.layers[1]), r"--fix`"),
    (Net, lambda graph: ChangeClass(ADAM, "AdamW"), r"does not hold its training"),
    (Net, lambda graph: SetOption(ADAM, {"weight_decay": 0.0}), r"does not hold its training"),
    (Net, lambda graph: Rewrite(at(graph, "act"), "think again"), r"^$"),
]


@pytest.mark.parametrize(("make", "intends", "why"), REFUSED)
def test_what_surgery_cannot_do_is_refused(make: Callable[[], nn.Module], intends: Intends, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        operated(make(), intends)


def test_a_layer_that_is_the_model_itself_has_no_place() -> None:
    with pytest.raises(Refusal, match="the model itself"):
        operated(nn.Linear(4, 4), lambda graph: Replace(graph.operators[-1], (ops.ReLU(),)))


def test_a_hook_is_not_lost() -> None:
    model = Net()
    model.act.register_forward_hook(lambda *_: None)
    with pytest.raises(Refusal, match="hook on `act` would be lost"):
        operated(model, replaced("act", ops.ReLU()))


def test_a_hook_that_sees_another_tensor_is_told() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
    model[1].register_forward_hook(lambda *_: None)
    assert operated(model, swapped("1", "2")).caveats == ("a hook on `1` would see another tensor",)


def test_a_class_of_ones_own_is_not_replaced() -> None:
    class Loud(nn.ReLU):
        pass

    with pytest.raises(Refusal, match="class of its own, Loud"):
        operated(nn.Sequential(nn.Linear(6, 4), Loud()), replaced("1", ops.ELU()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused() -> None:
    graph = read(Net()).graphs[0]
    with pytest.raises(Refusal, match="TorchScript"):
        SURGEON.operate(torch.jit.trace(Net(), torch.ones(2, 6)), graph, Replace(at(graph, "act"), ()), CHANGES)


def test_a_module_that_cannot_be_copied_is_refused() -> None:
    model = Net()
    model.cache = torch.ones(2, requires_grad=True) * 2  # type: ignore[assignment]
    with pytest.raises(Refusal, match="cannot be copied"):
        operated(model, replaced("act"))


def test_a_module_that_gives_itself_as_its_copy_is_refused() -> None:
    class Single(Net):
        def __deepcopy__(self, memo: Any) -> Single:
            return self

    with pytest.raises(Refusal, match=r"shares `fc1\.weight`"):
        operated(Single(), replaced("act"))


def test_a_wrapper_is_refused() -> None:
    inner = Net()
    wrapped = nn.DataParallel(inner)
    with pytest.raises(Refusal, match="wrapped in a DataParallel"):
        operated(wrapped, replaced("act"))


# -- what the copy keeps ----------------------------------------------------------------------------------------------------


def test_all_places_of_one_object_get_one_new_object() -> None:
    result = operated(Twice(), lambda graph: tuple(Replace(relu, (ops.PReLU(init=0.1),)) for relu in graph.of(ops.ReLU)))
    assert isinstance(result.model.act, nn.PReLU) and result.model.act.weight.tolist() == [pytest.approx(0.1)]
    assert result.caveats == ("one object is applied in 2 places, so they share the parameters of the new PReLU",)
    assert result.message == "Use nn.PReLU(init=0.1) in the place of `act` (ReLU)"


def test_an_object_that_stands_twice_in_a_sequential_is_moved_where_it_is_meant() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), relu, nn.Conv2d(4, 4, 3), relu, nn.MaxPool2d(2))
    result = operated(model, lambda graph: Swap(at(graph, "1", 1), at(graph, "4")))
    assert [type(layer).__name__ for layer in result.model] == ["Conv2d", "ReLU", "Conv2d", "MaxPool2d", "ReLU"]
    assert result.model[1] is result.model[4]


def test_a_sequential_that_is_applied_twice_is_changed_if_both_uses_allow_it() -> None:
    class Both(nn.Module):
        def __init__(self, reads: bool) -> None:
            super().__init__()
            self.body, self.reads = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)), reads

        def forward(self, x: Any) -> Any:
            return self.body(self.body(x))

    result = operated(Both(False), swapped("body.1", "body.2"), torch.ones(2, 1, 16, 16))
    assert [type(layer).__name__ for layer in result.model.body] == ["Conv2d", "MaxPool2d", "ReLU"]


def test_tied_frozen_and_carried_tensors_stay_what_they_are() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4)).double().eval()
    model[2].weight = model[0].weight
    for value in model[1].parameters():
        value.requires_grad_(False)
    with torch.no_grad():
        model[1].weight.fill_(3.0)
    copy = operated(model, replaced("1", ops.LayerNorm(normalized_shape=(4,)))).model
    assert copy[2].weight is copy[0].weight
    assert copy[1].weight.tolist() == [3.0] * 4 and copy[1].weight.dtype is torch.float64
    assert not copy[1].weight.requires_grad and not copy[1].bias.requires_grad
    assert not any(module.training for module in copy.modules())


def test_parametrisations_and_hooks_are_copied() -> None:
    seen: list[str] = []
    model = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(6, 4)), nn.Sigmoid())
    model.register_forward_hook(lambda *_: seen.append("hook"))
    copy = operated(model, replaced("1", ops.ReLU())).model
    assert sorted(copy.state_dict()) == sorted(model.state_dict())
    seen.clear()
    copy(torch.ones(2, 6))
    assert seen == ["hook"]


def test_a_new_layer_gets_a_name_that_is_free() -> None:
    model = named(fc=nn.Linear(6, 4), dropout=nn.Identity(), last=nn.Linear(4, 2))
    assert shown(operated(model, inserted("fc", ops.Dropout(p=0.5))).model) == "fc Linear, dropout2 Dropout, dropout Identity, last Linear"


def test_he_initialisation_draws_the_same_each_time_and_leaves_the_random_numbers_alone() -> None:
    model = Net()
    before = [value.clone() for value in model.parameters()]
    state = torch.get_rng_state()

    def he(graph: Graph) -> Intent:
        return Initialize(tuple(layer for layer in graph.layers if layer.path == "fc1"), "kaiming_normal_", {"nonlinearity": "relu"})

    first, second = operated(model, he), operated(model, he)
    assert torch.equal(first.model.fc1.weight, second.model.fc1.weight) and not torch.equal(first.model.fc1.weight, model.fc1.weight)
    assert torch.equal(first.model.fc2.weight, model.fc2.weight)
    assert first.caveats == ("what these weights have learned is lost",) and first.state_dict is StateDict.SAME
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


# -- the bias before a batch norm -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [1, 2])
def test_a_dropped_bias_goes_into_the_running_mean(dims: int) -> None:
    torch.manual_seed(1)
    layer: nn.Module = nn.Linear(6, 4) if dims == 1 else nn.Conv2d(3, 4, 3, padding=1)
    model = nn.Sequential(layer, nn.BatchNorm1d(4) if dims == 1 else nn.BatchNorm2d(4))
    shape = (16, 6) if dims == 1 else (8, 3, 5, 5)
    for _ in range(20):
        model(torch.randn(shape) + 1)
    result = operated(model, option("0", bias=False), torch.randn(shape))
    copy = result.model
    assert copy[0].bias is None and model[0].bias is not None
    assert result.message.endswith("and subtract it from the running mean of `1`")
    x = torch.randn(shape)
    model.eval(), copy.eval()
    with torch.no_grad():
        gap = (model(x) - copy(x)).abs().max().item()
        largest = model(x).abs().max().item()
    assert gap <= 4 * torch.finfo(torch.float32).eps * largest
    model.train(), copy.train()
    for _ in range(5):  # the statistics go on as they would
        x = torch.randn(shape)
        model(x), copy(x)
    assert torch.allclose(model[1].running_mean - model[0].bias, copy[1].running_mean, atol=1e-6)


def test_a_bias_without_moving_the_mean_would_be_seen() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4))
    wrong = operated(model, option("0", bias=False)).model
    with torch.no_grad():
        wrong[1].running_mean.zero_()
    declared = Contract(Forward.CLOSE, StateDict.REMAP, TrainingEffect.SAME)
    found = SURGEON.compare(model, wrong, declared)
    assert found is not None and not found.holds
    right = SURGEON.compare(model, operated(model, option("0", bias=False)).model, declared)
    assert right is not None and right.holds, right
