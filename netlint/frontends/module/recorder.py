"""Records a running network as a graph: each call of PyTorch's API by name and arguments, each leaf module as one operator.

The recorder stands below whatever else traces the network (`torch.export`, fake tensors) and sees the calls as they are written:
`F.gelu(x)`, `x.view(...)`, `self.attention(q, k, v)`. The table of PyTorch's API says what each of them is, the same table that the
source front end uses. What is computed inside a leaf or a function of the table is part of it and not recorded.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from netlint.frontends.module import calls
from netlint.frontends.module.layers import Layers, key_of
from netlint.frontends.module.sites import applied_site
from netlint.frontends.module.sizes import Sizes
from netlint.frontends.torch_api import Signature, SignatureError, Structure
from netlint.graph import Blind, Layer, Operator, Parameter, Site
from netlint.graph.operators import Constant, Detach, Input, Opaque, Select, Weight

_QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized", "torch.nn.intrinsic.quantized")


class Recorder(TorchFunctionMode):
    """The operators of one run of a network, in order.

    It is active while the root's forward runs; a second run starts anew. With `functions` False only modules are recorded: what
    happens between them is then not seen.
    """

    def __init__(self, model: nn.Module, layers: Layers, sizes: Sizes, functions: bool = True) -> None:
        super().__init__()
        self.model = model
        self.layers = layers
        self.sizes = sizes
        self.functions = functions
        self.operators: list[Operator] = []
        self.blind: list[Blind] = []
        self.outputs: tuple[Operator, ...] = ()
        self.complete = False
        self._made: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._parameters: dict[int, tuple[torch.Tensor, Parameter]] = {}
        self._fixed: dict[int, tuple[torch.Tensor, str]] = {}
        """The buffers and other tensors that modules hold, by id (kept, so that an id stays theirs), with their names."""
        self._applying: list[tuple[nn.Module, bool]] = []
        """The modules whose forward is running, outermost first, and whether each is seen as a whole."""
        self._busy = False
        self._unrecorded: dict[int, Operator | None] = {}
        """The operators that were applied under `no_grad`, by id, with the Detach through which code outside reads each."""

    # -- the run ------------------------------------------------------------------------------------------------------

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Records every run of the model meanwhile. The attribute that this leaves on it is for the caller to take away."""
        hooks = torch.nn.modules.module
        handles = [
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave, with_kwargs=True),
        ]
        vars(self.model)["forward"] = self._recorded(self.model.forward)
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _recorded(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(forward)
        def run(*args: Any, **kwargs: Any) -> Any:
            if self._applying:  # the network calls itself
                return forward(*args, **kwargs)
            self._start(args, kwargs)
            try:
                with self if self.functions else nullcontext():
                    output = forward(*args, **kwargs)
                return self._finish(args, kwargs, output)
            finally:
                self._applying.clear()

        return run

    def _start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.operators, self.blind, self.outputs, self.complete = [], [], (), False
        self._made, self._unrecorded = WeakIdKeyDictionary(), {}
        self._parameters, self._fixed = {}, {}
        for module, layer in self.layers.modules.values():
            if isinstance(module, torch.jit.ScriptModule):
                continue
            is_leaf = key_of(module) in self.layers.leaves
            below = module.named_parameters(remove_duplicate=False) if is_leaf else module._parameters.items()
            for name, value in below:
                if value is not None and name in layer.parameters:
                    self._parameters[id(value)] = (value, layer.parameters[name])
            for name, fixed in (*module._buffers.items(), *vars(module).items()):
                if isinstance(fixed, torch.Tensor):
                    self._fixed[id(fixed)] = (fixed, name)
        for label, tensor in labelled(self.sizes.labels(args, kwargs)):
            self._made[tensor] = self.emit(Input(label=label, shape=self.sizes.shape(tensor), site=self.layers.root.site))
        self._applying = [(self.model, self._is_whole(self.model))]

    def _finish(self, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        module, is_whole = self._applying.pop()
        if is_whole:
            output = self._leaf(module, args, kwargs, output)
        self.outputs = tuple(dict.fromkeys(self.operand(tensor) for tensor in tensors(output)))
        self.complete = True
        return output

    def _enter(self, module: nn.Module, args: Any) -> None:
        if self._applying and key_of(module) != key_of(self.model):
            self._applying.append((module, self._is_whole(module)))

    def _leave(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        key = key_of(module)
        if not self._applying or key == key_of(self.model) or all(key_of(other) != key for other, _ in self._applying):
            return None
        is_whole = False
        while key_of(self._applying[-1][0]) != key:  # calls that the user's code caught an error of
            self._applying.pop()
        is_whole = self._applying.pop()[1]
        if is_whole and not self._inside_whole:
            return self._quietly(self._leaf, module, args, kwargs, output)
        return None

    @property
    def _inside_whole(self) -> bool:
        return any(is_whole for _, is_whole in self._applying)

    def _quietly(self, function: Callable[..., Any], *args: Any) -> Any:
        """Calls a function of this package, whose own use of PyTorch is no part of the network."""
        self._busy = True
        try:
            return function(*args)
        finally:
            self._busy = False

    # -- modules ------------------------------------------------------------------------------------------------------

    def _is_whole(self, module: nn.Module) -> bool:
        """Whether a module is seen as one operator. One that nobody had registered gets a layer when it is first met."""
        if self.layers.of(module) is None:
            self.layers.adopt(module)
        return key_of(module) in self.layers.leaves or isinstance(module, torch.jit.ScriptModule) or _is_quantized(module)

    def _leaf(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        layer = self.layers.of(module)
        assert layer is not None
        site, by_container = applied_site(sys._getframe(1))
        place = (layer.site or site) if by_container else site
        spec = self.layers.leaves.get(key_of(module))
        if spec is None or layer.operator is None:
            why = "its TorchScript code is not read" if isinstance(module, torch.jit.ScriptModule) else "it is quantised"
            return self._opaque(layer.kind, why, [*args, *kwargs.values()], output, place, layer)
        try:
            bound = Signature(spec.call).bind(args, kwargs)
        except SignatureError:
            return self._opaque(layer.kind, "its arguments do not fit", [*args, *kwargs.values()], output, place, layer)
        inputs = tuple(operator for name in spec.tensors for operator in self.operands(bound.get(name)))
        node = self.emit(spec.called(layer.operator, bound).apply(*inputs, layer=layer, site=place, scope=self._scope()))
        return self.give(node, output, spec.results(node) if spec.results is not None else None, args)

    def _scope(self) -> Layer | None:
        return self.layers.of(self._applying[-1][0]) if self._applying else self.layers.root

    # -- functions ----------------------------------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self._busy or not self._applying or self._inside_whole:
            return result
        return self._quietly(calls.record, self, func, args, kwargs, result)

    def place(self) -> Site | None:
        """The user's line that makes the call which is being recorded."""
        return applied_site(sys._getframe(1))[0]

    # -- operators ----------------------------------------------------------------------------------------------------

    def emit(self, operator: Operator) -> Operator:
        """Puts an operator that has its inputs into the graph."""
        self.operators.append(operator)
        if not torch.is_grad_enabled():
            self._unrecorded[id(operator)] = None
        return operator

    def constant(self, value: object, shape: Any, site: Site | None = None) -> Operator:
        return self.emit(Constant(value=value, shape=shape, site=site or self.place(), scope=self._scope()))

    def apply(self, template: Operator, inputs: Iterable[Operator], **where: Any) -> Operator:
        """Puts a copy of a template into the graph, at the place of the call which is being recorded."""
        return self.emit(template.apply(*inputs, site=self.place(), scope=self._scope(), **where))

    def opaque(self, label: str, reason: str, values: Iterable[Any], output: Any) -> Any:
        return self._opaque(label, reason, values, output, self.place(), None)

    def _opaque(self, label: str, reason: str, values: Iterable[Any], output: Any, site: Site | None, layer: Layer | None) -> Any:
        inputs = tuple(self.operand(tensor) for value in values for tensor in tensors(value))
        node = self.emit(Opaque(label=label, reason=reason, inputs=inputs, site=site, scope=self._scope(), layer=layer))
        self.blind.append(Blind(site, f"`{label}` cannot be seen: {reason}"))
        return self.give(node, output, None, ())

    def give(self, node: Operator, output: Any, structure: Structure, args: Iterable[Any]) -> Any:
        """Says which tensors an operator's results are: one, or several that are told apart by `Select`."""
        if isinstance(output, torch.Tensor):
            node.shape = self.sizes.shape(output)
            return self._is(output, node, args)
        parts = structure if isinstance(structure, tuple) else None
        return self._several(node, output, parts, args)

    def _several(self, node: Operator, output: Any, parts: Any, args: Iterable[Any]) -> Any:
        if isinstance(output, torch.Tensor):
            index = parts if isinstance(parts, (int, str)) else 0
            return self._is(output, self.apply(Select(index=index, shape=self.sizes.shape(output)), (node,)), args)
        if isinstance(output, (tuple, list)):
            indices = parts if isinstance(parts, tuple) and len(parts) == len(output) else range(len(output))
            found = [self._several(node, element, index, args) for element, index in zip(output, indices, strict=True)]
            return _same_kind(output, found)
        if isinstance(output, Mapping):
            for key, element in output.items():
                self._several(node, element, str(key), args)
        return output

    def _is(self, tensor: torch.Tensor, operator: Operator, args: Iterable[Any]) -> torch.Tensor:
        """Makes an operator the origin of a tensor. One that is given back as it came gets an alias, to be told apart from before."""
        if not operator.inplace and any(tensor is given for given in tensors(tuple(args))):
            tensor = torch.ops.aten.alias.default(tensor)
        self._made[tensor] = operator
        return tensor

    def overwrite(self, tensor: torch.Tensor, operator: Operator) -> None:
        """An operator that changed a tensor in place is its origin from now on."""
        operator.shape = self.sizes.shape(tensor)
        self._made[tensor] = operator

    def operands(self, value: Any) -> list[Operator]:
        """The operators that compute a value used as an operand: one, those of a list, or none for None."""
        if isinstance(value, torch.Tensor):
            return [self.operand(value)]
        if isinstance(value, (list, tuple)):
            return [operator for item in value for operator in self.operands(item)]
        if isinstance(value, (bool, int, float)):
            return [self.constant(value, ())]
        return []

    def operand(self, tensor: torch.Tensor) -> Operator:
        """The operator that computes a tensor."""
        known: Operator | None = self._made.get(tensor)  # type: ignore[no-untyped-call]
        if known is not None:
            return self._with_gradient(known)
        shape = self.sizes.shape(tensor)
        if id(tensor) in self._parameters:
            weight = Weight(parameter=self._parameters[id(tensor)][1], shape=shape)
            return self.apply(weight, ())
        if id(tensor) in self._fixed:
            found = self.constant(self._fixed[id(tensor)][1], shape)
        else:
            reason = "what happens between layers is not seen" if not self.functions else "it was computed where nothing is recorded"
            found = self.apply(Opaque(label="a tensor of unknown origin", reason=reason, shape=shape), ())
            self.blind.append(Blind(found.site, f"a tensor of unknown origin: {reason}"))
        self._made[tensor] = found
        return found

    def _with_gradient(self, operator: Operator) -> Operator:
        """The operator that stands for a result where it is read: outside, what was computed under `no_grad` has no gradient."""
        if not torch.is_grad_enabled() or id(operator) not in self._unrecorded or isinstance(operator, (Input, Constant)):
            return operator
        cut = self._unrecorded[id(operator)]
        if cut is None:
            cut = self.apply(Detach(how="no_grad", shape=operator.shape), (operator,))
            self._unrecorded[id(operator)] = cut
        return cut


def _is_quantized(module: nn.Module) -> bool:
    return type(module).__module__.startswith(_QUANTIZED)


def _same_kind(output: Any, elements: list[Any]) -> Any:
    """A sequence of the same type with other elements; itself if they are the same."""
    if all(new is old for new, old in zip(elements, output, strict=True)):
        return output
    return type(output)(*elements) if hasattr(output, "_fields") else type(output)(elements)


def tensors(value: Any, depth: int = 6) -> Iterator[torch.Tensor]:
    """The tensors in a value: nested sequences, mappings, and objects that hold them (the outputs of libraries)."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for element in value.values():
            yield from tensors(element, depth - 1)
    elif isinstance(value, (list, tuple, set)):
        for element in value:
            yield from tensors(element, depth - 1)
    elif depth > 0 and not isinstance(value, (nn.Module, type)) and hasattr(value, "__dict__") and not callable(value):
        for element in vars(value).values():
            yield from tensors(element, depth - 1)


def labelled(arguments: Mapping[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of a call's arguments, each with the words that lead to it (`batch.image`, `pair.0`)."""
    for name, value in arguments.items():
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, (Mapping, list, tuple)):
            inner = value.items() if isinstance(value, Mapping) else enumerate(value)
            yield from labelled({f"{name}.{key}": element for key, element in inner})
