"""Two live networks, run as wholes on the same tensors with their own weights: results, gradients and buffers, in both modes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._pytree import tree_leaves, tree_map

from netlint.engine.rule import Contract, Forward, StateDict, TrainingEffect
from netlint.fixes.models import Comparison
from netlint.fixes.module.copies import copied, draws_kept
from netlint.fixes.proposal import Refusal
from netlint.frontends.errors import InputError
from netlint.frontends.module import inputs
from netlint.frontends.module.failures import described
from netlint.frontends.module.run import MAX_REAL, Call
from netlint.frontends.module.templates import known_layer
from netlint.verify.comparison import distance, rank, worse
from netlint.verify.evidence import IDENTICAL, Distance
from netlint.verify.tensors import KINDS, Kind, generator, tensor

SECONDS = 10.0
"""After so long no further tensor is tried. The first one always is."""
BACKWARD = 2
"""So many of the inputs, the first ones, are taken for gradients (in training) too: those on edges are for the proof on the graphs."""
ROUNDED = ("saturating",)
"""The adversarial kinds on which results that differ by rounding stay close to each other."""
SAMPLES = 2
"""The batch of a guessed input."""
ROUNDING = 2.0**-30
"""In double precision, two ways of computing the same differ by less than this part of the largest number; in a deep network rounding
errors grow, but not from 2^-53 to here."""

STORED = 2.0**-18
"""The same where a tensor went into another (a bias into a running mean): that is rounded to single precision when it is stored, by 2^-24
of itself, and what lies behind may make more of it."""

Tensors = Mapping[str, torch.Tensor]


@dataclass(slots=True)
class _Run:
    """What one run of a network gave: floating-point results, gradients and buffers by name."""

    results: Tensors
    gradients: Tensors = field(default_factory=dict)
    buffers: Tensors = field(default_factory=dict)


class _Network:
    """A copy of a network to be run again and again from the same state."""

    def __init__(self, model: nn.Module) -> None:
        self.model = copied(model)
        self._state = [(module._buffers, dict(module._buffers)) for module in self.model.modules() if module._buffers]

    def run(self, call: Call, kind: Kind | None, training: bool, *, backward: bool = False, double: bool = False) -> _Run:
        """Runs forward, and backward if wanted, from the state at the start. Raises what the network raises."""
        for buffers, saved in self._state:
            buffers.update({name: value.clone() if value is not None else None for name, value in saved.items()})
        self.model.train(training)
        with draws_kept(self.model, seed=0), torch.inference_mode(False), torch.enable_grad(), quiet():
            args, kwargs, leaves = _filled(call, kind, double)
            output = self.model(*args, **kwargs)
            results = {str(index): value for index, value in enumerate(_floating(output))}
            gradients = self._gradients(results, leaves) if backward else {}
        return _Run(_kept(results), gradients, _kept(dict(self.model.named_buffers())))

    def _gradients(self, results: Mapping[str, torch.Tensor], leaves: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """The gradients of the results, each multiplied by fixed random numbers, by the weights and the inputs."""
        pulled = {name: value for name, value in results.items() if value.requires_grad}
        learned = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        wanted = {**learned, **{f"input {index}": leaf for index, leaf in enumerate(leaves)}}
        if not pulled or not wanted:
            return {}
        upstream = [_drawn(name, value) for name, value in pulled.items()]
        found = torch.autograd.grad(list(pulled.values()), list(wanted.values()), upstream, allow_unused=True)
        return {name: value for name, value in zip(wanted, found, strict=True) if value is not None}

    def double(self) -> _Network:
        return _Network(copied(self.model).double())


def compared(before: nn.Module, after: nn.Module, contract: Contract, example_inputs: Any = None) -> Comparison | None:
    """Runs both networks and holds what is found against a contract; None if the one before cannot be run.

    Nothing of the two is changed: copies are run, and the random numbers of the process stay where they are.
    """
    if sum(value.numel() * value.element_size() for value in before.parameters()) > MAX_REAL:
        return None
    try:
        pair = _Network(before), _Network(after)
        call = _call(pair[0], example_inputs)
    except (InputError, Refusal):
        return None
    return _Comparing(pair, call, contract).outcome() if call is not None else None


def _call(network: _Network, example_inputs: Any) -> Call | None:
    """The first call that the network takes in evaluation mode; of guessed ones the smallest, for every run costs time."""
    if example_inputs is not None:
        calls = [inputs.given(network.model, example_inputs)]
    else:
        found = [known.operator for module in network.model.modules() if (known := known_layer(module)) is not None]
        calls = sorted(map(_smaller, inputs.guessed(network.model, found)), key=_elements)
    for call in calls:
        try:
            network.run(call, KINDS[0] if example_inputs is None else None, training=False)
        except Exception:  # the user's forward
            continue
        return call
    return None


def _smaller(call: Call) -> Call:
    """A guessed call with few samples."""

    def few(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return value.new_zeros([SAMPLES if size == call.batch else size for size in value.shape])

    args, kwargs = tree_map(few, (call.args, dict(call.kwargs)))
    return Call(args, kwargs, SAMPLES)


def _elements(call: Call) -> int:
    return sum(value.numel() for value in tree_leaves(call.args) if isinstance(value, torch.Tensor))


# -- one run --------------------------------------------------------------------------------------------------------------


def _filled(call: Call, kind: Kind | None, double: bool) -> tuple[tuple[Any, ...], dict[str, Any], list[torch.Tensor]]:
    """The arguments with their floating-point tensors filled anew (None: as they are), and those tensors, to which gradients flow."""
    leaves: list[torch.Tensor] = []

    def fill(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value.clone() if isinstance(value, torch.Tensor) else value
        new = value.detach().clone()
        if kind is not None:
            numbers = tensor(kind, tuple(value.shape), np.float32, "input", len(leaves))
            new = torch.from_numpy(numbers).to(value.device, value.dtype)
        leaf = (new.double() if double else new).requires_grad_()
        leaves.append(leaf)
        return leaf.clone()  # the network may overwrite what it is given, which a leaf does not allow

    args, kwargs = tree_map(fill, (call.args, dict(call.kwargs)))
    return args, kwargs, leaves


def _drawn(name: str, like: torch.Tensor) -> torch.Tensor:
    numbers = generator("upstream", name).normal(size=tuple(like.shape)).astype(np.float32)
    return torch.from_numpy(np.asarray(numbers)).to(like.device, like.dtype)


def _floating(output: Any) -> Iterator[torch.Tensor]:
    for value in tree_leaves(output):
        if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
            yield torch.view_as_real(value) if value.is_complex() else value


def _kept(values: Tensors) -> dict[str, torch.Tensor]:
    """Tensors as they are now, away from what the next run overwrites."""
    return {name: value.detach().clone() for name, value in values.items()}


@contextmanager
def quiet() -> Iterator[None]:
    """What the user's forward prints and warns of was not asked for here."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        yield


# -- both ------------------------------------------------------------------------------------------------------------------


@dataclass
class _Comparing:
    """The distances that were found so far."""

    networks: tuple[_Network, _Network]
    call: Call
    contract: Contract
    found: dict[str, Distance] = field(default_factory=dict)
    tensors: int = 0
    modes: list[str] = field(default_factory=list)
    problem: str = ""
    _doubled: tuple[_Network, _Network] | None = None

    def outcome(self) -> Comparison:
        """Tries kind after kind. Where results are to stay equal only up to rounding, those are left out on which rounding decides: at the
        edges of the format, and where a norm divides by the spread of equal numbers."""
        started = time.monotonic()
        exact = self.contract.forward is Forward.EXACT
        kinds: list[Kind | None] = [None] if self.call.batch is None else []
        kinds += [kind for kind in KINDS if exact or kind.ordinary or kind.name in ROUNDED]
        if self._meant:
            kinds = kinds[:2]
        for kind in kinds:
            self._try(kind)
            if self.problem or time.monotonic() - started > SECONDS:
                break
        return Comparison(self._holds, self._line(), self._data())

    @property
    def _meant(self) -> bool:
        """Whether the results are meant to change."""
        return self.contract.forward is Forward.CHANGES

    @property
    def _backward(self) -> bool:
        """Whether gradients are compared on this input."""
        return self.contract.training is TrainingEffect.SAME and not self._meant and self.tensors <= BACKWARD

    @property
    def _holds(self) -> bool:
        allowed = 0 if self.contract.forward is Forward.EXACT else 1
        if self.problem:
            return False
        return self._meant or all(rank(gap) <= (1 if "gradients" in what else allowed) for what, gap in self.found.items())

    def _try(self, kind: Kind | None) -> None:
        self.tensors += 1
        for training in (False, True):
            mode = "training" if training else "evaluation"
            if self.tensors > 1 and mode not in self.modes:
                continue
            backward = training and self._backward
            try:
                before = self.networks[0].run(self.call, kind, training, backward=backward)
            except Exception:  # the user's forward does not take this mode, or these numbers
                continue
            try:
                after = self.networks[1].run(self.call, kind, training, backward=backward)
            except Exception as error:
                self.problem = f"the network after fails in {mode}: {described(error)}"
                return
            if mode not in self.modes:
                self.modes.append(mode)
            self._enter(mode, kind, training, (before, after))

    def _enter(self, mode: str, kind: Kind | None, training: bool, runs: tuple[_Run, _Run]) -> None:
        trained = self.contract.training is TrainingEffect.SAME
        if [value.shape for value in runs[0].results.values()] != [value.shape for value in runs[1].results.values()]:
            self.problem = f"the results have other shapes in {mode}"
            return
        if training and not trained and not self._meant:
            return
        parts: dict[str, Callable[[_Run], Tensors]] = {f"results in {mode}": lambda run: run.results}
        if training and self._backward:
            parts[f"gradients in {mode}"] = lambda run: run.gradients
        if trained and not self._meant and self.contract.state_dict is StateDict.SAME:
            parts[f"buffers in {mode}"] = lambda run: run.buffers
        doubles: tuple[_Run, _Run] | None = None
        rounding = STORED if self.contract.state_dict is StateDict.REMAP else ROUNDING
        for what, part in parts.items():
            gap = _furthest(part(runs[0]), part(runs[1]))
            if not gap.identical and not self._meant:
                doubles = doubles or self._in_double(kind, training)
                gap = _judged(gap, _furthest(part(doubles[0]), part(doubles[1]), rounding) if doubles else None)
            self.found[what] = worse(self.found.get(what, IDENTICAL), gap)

    def _in_double(self, kind: Kind | None, training: bool) -> tuple[_Run, _Run] | None:
        """Both runs in double precision; None for a network that insists on another one."""
        try:
            if self._doubled is None:
                self._doubled = self.networks[0].double(), self.networks[1].double()
            first, second = (
                network.run(self.call, kind, training, backward=training and self._backward, double=True) for network in self._doubled
            )
        except Exception:  # the user's forward
            return None
        return first, second

    def _line(self) -> str:
        if self.problem:
            return self.problem
        where = f"on {self.tensors} inputs ({' and '.join(self.modes)})"
        if self._meant:
            gaps = {what.rpartition(" ")[2]: gap.max_abs for what, gap in self.found.items() if gap.max_abs is not None}
            apart = " and ".join(f"by up to {gap:.3g} in {mode}" for mode, gap in gaps.items())
            return f"it runs {where}; results change {apart or 'to or from what is not finite'}"
        shown: dict[str, list[str]] = {}
        for what, gap in self.found.items():
            shown.setdefault(f"{what.partition(' ')[0]} {gap}", []).append(what)
        texts = [text if len(group) > 1 else f"{text} in {group[0].rpartition(' ')[2]}" for text, group in shown.items()]
        return f"{', '.join(texts)} {where}"

    def _data(self) -> dict[str, object]:
        distances = {what: gap.as_json() for what, gap in self.found.items()}
        return {"holds": self._holds, "summary": self._line(), "inputs": self.tensors, "modes": list(self.modes), "distances": distances}


def _furthest(before: Tensors, after: Tensors, few: float | None = None) -> Distance:
    """The largest distance of what both have under one name; `few` is the part of the largest number of all that counts as rounding.

    Of all, for the gradient of a bias that a norm subtracts again is nothing but rounding.
    """
    both = [(value, other) for name, value in before.items() if (other := after.get(name)) is not None and _alike(value, other)]
    unequal = [(_array(value), _array(other)) for value, other in both if not torch.equal(value, other)]
    largest = max((_largest(value) for value, _ in both), default=0.0) if unequal else 0.0
    worst = IDENTICAL
    for one, two in unequal:
        gap, _ = distance(one, two, largest)
        if few is not None and gap.max_abs is not None:
            gap = replace(gap, rounding=gap.max_abs <= few * largest)
        worst = worse(worst, gap)
    return worst


def _alike(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.shape == second.shape and first.dtype is second.dtype


def _array(value: torch.Tensor) -> np.ndarray[Any, Any]:
    """As an array; what is narrower than float32 is widened, which changes no number."""
    value = value.detach().cpu()
    narrow = value.is_floating_point() and value.dtype not in (torch.float32, torch.float64)
    found: np.ndarray[Any, Any] = (value.float() if narrow else value).numpy()
    return found


def _largest(value: torch.Tensor) -> float:
    if not value.is_floating_point() or not value.numel():
        return 0.0
    return float(value.detach().abs().nan_to_num(0.0, 0.0, 0.0).max())


def _judged(single: Distance, double: Distance | None) -> Distance:
    """A difference in single precision is one of rounding if there is none in double precision, or as good as none."""
    if double is None or single.max_abs is None:
        return single
    return replace(single, rounding=rank(double) <= 1)
