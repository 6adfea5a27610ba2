"""Training code: loaders, optimizers, losses that are propagated back, and penalties made of parameters (S12-S16)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from netlint.frontends.source.heap import AList, OpenList
from netlint.frontends.source.trace import RootCall, Trace
from netlint.frontends.source.values import (
    Anything,
    Dataset,
    Either,
    Enumerated,
    External,
    Instance,
    LoaderValue,
    Module,
    Native,
    OptimizerValue,
    ParameterValue,
    Several,
    Tensor,
    members,
)
from netlint.frontends.torch_api import DATALOADER, OPTIMIZERS, Signature, SignatureError, is_random_transform
from netlint.graph.operator import Operator
from netlint.graph.operators import (
    MSE,
    Add,
    Concat,
    Constant,
    Detach,
    Div,
    Elementwise,
    Flatten,
    Identity,
    Input,
    Loss,
    MatMul,
    Mul,
    Opaque,
    Pow,
    Reduce,
    Reshape,
    Slice,
    Stack,
    Weight,
)
from netlint.graph.parameter import Parameter
from netlint.graph.provenance import Site
from netlint.graph.training import Loader, Optimizer, ParameterGroup, Penalty
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter

# -- networks and batches ----------------------------------------------------------------------------------------------


def enter_network(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> RootCall:
    """Notes that a network is called from outside any network, and which loaders' batches go in."""
    fed: list[Operator] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, (Tensor, Several)):
            fed.append(value.operator)
    call = RootCall(module, loaders_behind(interpreter, fed), len(interpreter.trace.operators))
    interpreter.trace.roots.append(call)
    return call


def as_data(interpreter: Interpreter, value: Any) -> Any:
    """An argument of a network that is called from outside: a tensor made up there, as noise or for a trial, is data to the network."""
    if not isinstance(value, Tensor) or not _is_made_up(value.operator):
        return value
    fed = interpreter.trace.fed
    if id(value.operator) not in fed:
        fed[id(value.operator)] = interpreter.emit(Input(label="input", shape=value.shape, site=interpreter.site))
    return Tensor(fed[id(value.operator)])


def _is_made_up(operator: Operator) -> bool:
    """Whether a result depends on nothing but tensors made on the spot: no batch, no weight, nothing unseen."""
    seen = {id(operator)}
    queue = [operator]
    for node in queue:
        if not isinstance(node, Constant) and (not node.inputs or isinstance(node, Opaque)):
            return False
        queue.extend(source for source in node.inputs if id(source) not in seen)
        seen.update(id(source) for source in node.inputs)
    return True


def loaders_behind(interpreter: Interpreter, operators: Iterable[Operator]) -> list[Loader]:
    """The loaders whose batches some operators depend on, in the order in which the code made them."""
    batches = interpreter.trace.batches
    found = {id(loader) for operator in operators for loader in batches.get(id(operator), ())}
    return [loader for loader in interpreter.trace.training.loaders if id(loader) in found]


def draw_batch(interpreter: Interpreter, value: LoaderValue) -> Tensor:
    """A batch drawn from a loader."""
    loader = value.loader
    evaluating = interpreter.no_grad > 0
    loader.evaluation = evaluating if loader.evaluation is None else loader.evaluation and evaluating
    node = Input(label="batch", loader=loader, site=interpreter.site, scope=interpreter.innermost_layer())
    interpreter.trace.batches[id(node)] = frozenset((loader,))
    return Tensor(interpreter.emit(node))


def backward(interpreter: Interpreter, value: Any) -> None:
    """`loss.backward()`; a loss that something unseen wrapped (`scaler.scale(loss)`) is the loss."""
    if isinstance(value, Tensor):
        total = value.operator
        while isinstance(total, Opaque) and len(total.inputs) == 1:
            total = total.inputs[0]
        interpreter.trace.training.backward.append(total)
        for loader in loaders_behind(interpreter, [total]):
            loader.feeds_training = True


def unseen_backward(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> None:
    """`accelerator.backward(loss)`, `engine.backward(loss)`: a method of something unseen that propagates a loss."""
    for value in (*args, *kwargs.values())[:1]:
        backward(interpreter, value)


def unknown_parameters(interpreter: Interpreter, model: Unknown, method: str) -> Native:
    """`model.parameters()` of a model that is not known: some parameters of which one stands for all."""
    symbols = interpreter.trace.symbols
    if id(model) not in symbols:
        parameter = ParameterValue(Parameter("a parameter", None))
        symbols[id(model)] = (model, OpenList([parameter]))
    found = symbols[id(model)][1]
    if method == "named_parameters":
        found = OpenList((Unknown("the name of a parameter"), parameter) for parameter in found)
    return Native(method, lambda i, args, kwargs: found)


# -- loaders, data sets, optimizers ----------------------------------------------------------------------------------------


def call(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A call into a library that makes an optimizer, a loader, a data set or a transform; None if it makes none of these."""
    if name in OPTIMIZERS:
        return _optimizer(interpreter, name, args, kwargs)
    if name == "torch.utils.data.DataLoader":
        return _loader(interpreter, args, kwargs)
    if is_random_transform(name):
        return Dataset(None, (name.rpartition(".")[2],))
    if name == "torch.nn.utils.parameters_to_vector":
        return _vector(interpreter, args, kwargs)
    if name.startswith(("torch.utils.data.", "torchvision.")):
        values = [*args, *kwargs.values()]
        augmentations = tuple(dict.fromkeys(name for value in values for name in _augmentations(value)))
        if name == "torch.utils.data.random_split":
            return AList([Dataset(None, augmentations), Dataset(None, augmentations)])
        if augmentations or name.startswith(("torch.utils.data.", "torchvision.datasets.", "torchvision.transforms.")):
            return Dataset(_samples(name, args), augmentations)
    return None


def _vector(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """All parameters flattened and put one after the other."""
    parameters = args[0] if args else kwargs.get("parameters")
    if not isinstance(parameters, (list, tuple)):
        return None
    flat = [interpreter.call(External("torch.flatten"), [parameter], {}) for parameter in parameters]
    return interpreter.call(External("torch.cat"), [AList(flat)], {})


def _augmentations(value: Any) -> Iterable[str]:
    for option in members(value):
        if isinstance(option, (Dataset, LoaderValue)):
            yield from option.augmentations
        elif isinstance(option, (list, tuple)):
            for element in option:
                yield from _augmentations(element)
        elif isinstance(option, Instance):  # a data set of one's own, which holds its transform
            for element in option.attributes.values():
                yield from _augmentations(element) if isinstance(element, (Dataset, list, tuple)) else ()


def _samples(name: str, args: list[Any]) -> int | Unknown | None:
    if name == "torch.utils.data.TensorDataset" and args and isinstance(args[0], Tensor) and args[0].shape:
        size = args[0].shape[0]
        return size
    if name == "torch.utils.data.Subset" and len(args) > 1 and isinstance(args[1], (list, range)):
        return len(args[1])
    return None


def _loader(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        bound = Signature(DATALOADER).bind(args, kwargs)
    except SignatureError:
        return Anything("a loader whose arguments do not fit")
    if interpreter.site is None:
        return Anything("a loader")
    size = bound.get("batch_size")
    sampler = bound.get("batch_sampler")
    drop = bound.get("drop_last")
    dataset = bound.get("dataset")
    shuffle = bound.get("shuffle") or False
    if sampler is not None:
        size = Unknown("a batch sampler decides")
    loader = Loader(
        batch_size=size if isinstance(size, (int, Unknown)) else None,
        drop_last=drop if isinstance(drop, (bool, Unknown)) else Unknown("whether the last batch is dropped"),
        shuffle=shuffle if isinstance(shuffle, bool) else Unknown("whether it shuffles"),
        samples=dataset.samples if isinstance(dataset, Dataset) else Unknown("the size of the data set"),
        site=interpreter.site,
    )
    value = LoaderValue(loader, tuple(_augmentations(dataset)))
    interpreter.trace.training.loaders.append(loader)
    interpreter.trace.loaders.append(value)
    return value


def _optimizer(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    signature = Signature(OPTIMIZERS[name])
    try:
        bound = signature.bind(args, kwargs)
    except SignatureError as error:
        interpreter.blind(f"the arguments of `{name}` do not fit: {error}")
        return Anything("an optimizer whose arguments do not fit")
    if interpreter.site is None:
        return Anything("an optimizer")
    names = list(bound)
    given = bound.pop("params", None)
    explicit = frozenset(names[1 : len(args)]) | frozenset(kwargs) - {"params"}
    options = {key: _option(value) for key, value in bound.items()}
    optimizer = Optimizer(
        kind=name.rpartition(".")[2], groups=tuple(_groups(given, options)), options=options, explicit=explicit, site=interpreter.site
    )
    value = OptimizerValue(optimizer)
    interpreter.trace.optimizers.append(value)
    interpreter.trace.training.optimizers.append(optimizer)
    return value


def _option(value: Any) -> object:
    if isinstance(value, (bool, int, float, str, tuple, type(None), Unknown)):
        return value
    return Unknown("an option that is not a number")


def _groups(given: Any, options: dict[str, object]) -> Iterable[ParameterGroup]:
    elements = list(given) if isinstance(given, (list, tuple)) else [given]
    if elements and all(isinstance(element, dict) for element in elements):
        for element in elements:
            own = {key: _option(value) for key, value in element.items() if key != "params"}
            yield ParameterGroup(parameters=_parameters(element.get("params")), options={**options, **own})
        return
    yield ParameterGroup(parameters=_parameters(given), options=options)


def _parameters(value: Any) -> tuple[Parameter, ...] | None:
    if isinstance(value, ParameterValue):
        return (value.parameter,)
    if isinstance(value, (list, tuple)) and not isinstance(value, OpenList):
        found = []
        for element in value:
            if isinstance(element, tuple) and len(element) == 2:
                element = element[1]
            if not isinstance(element, ParameterValue):
                return None
            found.append(element.parameter)
        return tuple(found)
    return None


def pass_through(function: Any, values: list[Any]) -> Any:
    """What an unseen wrapper around a loader gives (a progress bar, a prefetcher), or one that prepares models and loaders."""
    name = function.name.rpartition(".")[2] if isinstance(function, External) else ""
    training = [value for value in values if isinstance(value, (Module, OptimizerValue, LoaderValue))]
    if len(training) > 1 and len(training) == len(values):
        return tuple(values)
    if name in ("prepare", "setup", "initialize") or (isinstance(function, Anything) and "prepare" in function.reason):
        return tuple(values) if len(values) > 1 else values[0] if values else None
    if len(training) == 1 and isinstance(training[0], LoaderValue):
        return training[0]
    if len(values) >= 1 and isinstance(values[0], Enumerated) and isinstance(values[0].inner, LoaderValue):
        return values[0]
    augmentations = tuple(dict.fromkeys(name for value in values for name in _augmentations(value)))
    if (augmentations or any(isinstance(value, Dataset) for value in values)) and not training:
        return Dataset(None, augmentations)
    return None


def attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """An attribute of an optimizer, loader or data set."""
    if isinstance(value, OptimizerValue):
        if name in value.attributes:
            return value.attributes[name]
        if name == "add_param_group":
            return Native(name, lambda i, args, kwargs: _add_group(value, args, kwargs))
        if name == "step":
            return Native(name, _step)
        if name in ("zero_grad", "load_state_dict"):
            return Native(name, lambda i, args, kwargs: None)
        return Anything(f"`{name}` of an optimizer")
    if isinstance(value, LoaderValue):
        if name == "batch_size":
            return value.loader.batch_size
        if name == "dataset":
            return Dataset(value.loader.samples, value.augmentations)
        return Anything(f"`{name}` of a loader")
    return Anything(f"`{name}` of a data set")


def _step(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`optimizer.step()`; with a closure, it is called and gives the loss."""
    closure = args[0] if args else kwargs.get("closure")
    return interpreter.call(closure, [], {}) if closure is not None else None


def _add_group(value: OptimizerValue, args: list[Any], kwargs: dict[str, Any]) -> None:
    group = args[0] if args else kwargs.get("param_group")
    old = value.optimizer
    if isinstance(group, dict):
        old.groups = (*old.groups, *_groups([group], dict(old.options)))


# -- penalties ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Norm:
    """A norm of parameters, found in the graph."""

    order: Literal[1, 2]
    squared: bool
    parameters: tuple[Parameter, ...]
    blocked_by: str | None
    site: Site | None = None
    """Where the norm of each tensor is computed, if that is one place; else the sum of them is the place."""
    terms: int = 1


def find_penalties(trace: Trace) -> list[Penalty]:
    """The penalty terms in the losses on which `backward()` is called; without one, in sums with a loss that has a gradient."""
    totals = trace.training.backward or [
        o for o in trace.operators if isinstance(o, Add) and any(isinstance(i, Loss) for i in o.inputs) and id(o) not in trace.unrecorded
    ]
    found: list[Penalty] = []
    seen: set[int] = set()
    memo: dict[int, _Norm | None] = {}
    order = {id(operator): place for place, operator in enumerate(trace.operators)}
    for total in totals:
        for term, coefficient in _terms(total, 1.0, 0):
            norm = _norm(term, memo)
            if norm is None or id(term) in seen or total.site is None:
                continue
            seen.add(id(term))
            site = norm.site or term.site or total.site
            found.append(
                Penalty(
                    norm=norm.order,
                    squared=norm.squared,
                    coefficient=coefficient,
                    parameters=norm.parameters,
                    blocked_by=norm.blocked_by,
                    term=term,
                    site=site,
                    grouped=norm.terms > 1 and norm.order == 2 and not norm.squared,
                )
            )
    return sorted(found, key=lambda penalty: order.get(id(penalty.term), 0))


MAX_TERMS = 10_000
"""Summands of a loss that are looked at."""


def _terms(total: Operator, factor: float | Unknown, depth: int) -> Iterable[tuple[Operator, float | Unknown]]:
    """The summands of a total with their constant factors."""
    memo: dict[int, _Norm | None] = {}
    queue: list[tuple[Operator, float | Unknown]] = [(total, factor)]
    for _ in range(MAX_TERMS):
        if not queue:
            return
        operator, scale = queue.pop(0)
        norm = _norm(operator, memo)
        if norm is not None:
            yield operator, scale
        elif isinstance(operator, Add):
            queue.extend((operand, scale) for operand in operator.inputs)
        elif isinstance(operator, (Mul, Div)) and len(operator.inputs) == 2:
            left, right = operator.inputs
            if (
                _norm(left, memo) is None
                and isinstance(right, Constant) is False
                and isinstance(operator, Mul)
                and _norm(right, memo) is not None
            ) or (isinstance(operator, Mul) and isinstance(left, Constant)):
                left, right = right, left
            queue.append((left, _scale(scale, right, divide=isinstance(operator, Div))))
        elif isinstance(operator, (Identity, Reduce, Detach)) and operator.inputs:
            queue.append((operator.inputs[0], scale))


def _scale(factor: float | Unknown, by: Operator, divide: bool) -> float | Unknown:
    value = by.value if isinstance(by, Constant) else None
    if isinstance(factor, Unknown) or not isinstance(value, (int, float)) or isinstance(value, bool) or (divide and value == 0):
        return Unknown("the coefficient")
    return factor / value if divide else factor * value


def _norm(operator: Operator, memo: dict[int, _Norm | None]) -> _Norm | None:
    if id(operator) not in memo:
        memo[id(operator)] = None
        memo[id(operator)] = _find_norm(operator, memo)
    return memo[id(operator)]


def _find_norm(operator: Operator, memo: dict[int, _Norm | None]) -> _Norm | None:
    match operator:
        case Reduce(how="norm", order=order, inputs=(inner, *_)):
            weight = _weight(inner)
            if weight is not None and order in (None, 1, 2, 1.0, 2.0, "fro"):
                return _Norm(1 if order in (1, 1.0) else 2, order in (1, 1.0), *weight, operator.site)
        case Reduce(how="sum" | "mean", inputs=(inner, *_)):
            norm = _inside_sum(inner, memo)
            return replace(norm, site=operator.site) if norm is not None and norm.site is None and norm.terms == 1 else norm
        case Loss(inputs=(inner, target, *_)) if isinstance(target, Constant):
            weight = _weight(inner)
            if weight is not None and (operator.how.startswith("l1") or operator.how == "L1Loss" or isinstance(operator, MSE)):
                return _Norm(2 if isinstance(operator, MSE) else 1, True, *weight, operator.site)
        case Pow(exponent=2.0, inputs=(inner, *_)) | Elementwise(how="square", inputs=(inner, *_)):
            norm = _norm(inner, memo)
            return replace(norm, squared=True) if norm is not None and norm.order == 2 else None
        case MatMul(inputs=(left, right)) if _is_vector(left) and _is_vector(right):
            first, second = _weight(left), _weight(right)
            return _Norm(2, True, *first, operator.site) if first is not None and second is not None and first[0] == second[0] else None
        case Pow(exponent=0.5, inputs=(inner, *_)) | Elementwise(how="sqrt", inputs=(inner, *_)):
            norm = _norm(inner, memo)
            return replace(norm, squared=False, terms=1, site=operator.site) if norm is not None and norm.order == 2 else None
        case Add() | Stack() | Concat():
            return _combined([_norm(operand, memo) for operand in operator.inputs if not _is_zero(operand)])
        case Identity(inputs=(inner,)) | Reshape(inputs=(inner,)):
            return _norm(inner, memo)
        case Detach(inputs=(inner, *_), how=how):
            norm = _norm(inner, memo)
            place = norm.site if norm is not None and how == "no_grad" else operator.site
            return replace(norm, blocked_by=norm.blocked_by or how, site=place) if norm is not None else None
    return None


def _inside_sum(inner: Operator, memo: dict[int, _Norm | None]) -> _Norm | None:
    match inner:
        case Elementwise(how="abs", inputs=(operand, *_)):
            weight = _weight(operand)
            return _Norm(1, True, *weight) if weight is not None else None
        case Pow(exponent=2.0, inputs=(operand, *_)) | Elementwise(how="square", inputs=(operand, *_)):
            weight = _weight(operand)
            return _Norm(2, True, *weight) if weight is not None else _norm(inner, memo)
        case Mul(inputs=(left, right)):
            first, second = _weight(left), _weight(right)
            return _Norm(2, True, *first) if first is not None and second is not None and first[0] == second[0] else None
    return _norm(inner, memo)


def _is_vector(operator: Operator) -> bool:
    """Whether a result has one dimension, so that its product with itself is the sum of its squares."""
    if isinstance(operator, Weight):
        return operator.parameter.shape is not None and len(operator.parameter.shape) == 1
    if isinstance(operator, (Detach, Identity)) and operator.inputs:
        return _is_vector(operator.inputs[0])
    return isinstance(operator, Flatten) or (operator.shape is not None and len(operator.shape) == 1)


def _is_zero(operator: Operator) -> bool:
    if not isinstance(operator, Constant):
        return False
    return operator.value in (0, 0.0, "zeros") or operator.value in ([0], [0.0])


def _combined(norms: list[_Norm | None]) -> _Norm | None:
    known = [norm for norm in norms if norm is not None]
    if not known or len(known) < len(norms) or len({(norm.order, norm.squared) for norm in known}) > 1:
        return None
    blocked = next((norm.blocked_by for norm in known if norm.blocked_by), None)
    places = {norm.site.key if norm.site is not None else None for norm in known}
    return _Norm(
        known[0].order,
        known[0].squared,
        tuple(dict.fromkeys(parameter for norm in known for parameter in norm.parameters)),
        blocked,
        known[0].site if len(places) == 1 else None,
        sum(norm.terms for norm in known),
    )


def _weight(operator: Operator) -> tuple[tuple[Parameter, ...], str | None] | None:
    """The parameter that an operator gives the value of, and what cuts its gradient on the way."""
    blocked: str | None = None
    while True:
        match operator:
            case Weight(parameter=parameter):
                return (parameter,), blocked
            case Detach(inputs=(inner, *_), how=how):
                blocked = blocked or how
                operator = inner
            case Identity(inputs=(inner, *_)) | Reshape(inputs=(inner, *_)) | Flatten(inputs=(inner, *_)) | Slice(inputs=(inner, *_)):
                operator = inner
            case Concat() | Stack():
                parts = [_weight(operand) for operand in operator.inputs]
                if not parts or any(part is None for part in parts):
                    return None
                parameters = tuple(parameter for part in parts if part is not None for parameter in part[0])
                return parameters, blocked or next((part[1] for part in parts if part is not None and part[1]), None)
            case _:
                return None


__all__ = ["Either", "attribute", "backward", "call", "draw_batch", "enter_network", "find_penalties", "unseen_backward"]
