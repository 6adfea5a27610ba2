"""From a file to graphs: which networks and training code a file holds, evaluated one after the other.

An entry point is, in this order: the code at module level, builder functions that can be called without arguments, classes
that derive from `nn.Module`, and what is left of functions and methods that apply losses or layers. A class that was seen as part of a
bigger or concrete network is not looked at alone.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import libcst as cst

from netlint.frontends.errors import SourceError
from netlint.frontends.limits import USUAL, Limits
from netlint.frontends.reading import Reading
from netlint.frontends.source import classes, module_tree, torch_modules, torch_training
from netlint.frontends.source.arguments import Alone, arguments_of, forward_of, missing, required, targets_of
from netlint.frontends.source.code import SourceFile, flat
from netlint.frontends.source.functions import parameters_of
from netlint.frontends.source.interpreter import GivenUp, Interpreter, OutOfBudget, Raised
from netlint.frontends.source.layers import add_unregistered, layers_of, uncounted
from netlint.frontends.source.project import Project
from netlint.frontends.source.reach import Reach, loss_names, training_names
from netlint.frontends.source.trace import RootCall, Trace
from netlint.frontends.source.values import (
    Anything,
    Bound,
    Class,
    Either,
    Function,
    Instance,
    LoaderValue,
    Module,
    Several,
    Tensor,
    members,
)
from netlint.graph import Blind, Graph, Operator, Shape, Unknown
from netlint.graph.operators import Constant, Input, Loss, Weight
from netlint.graph.training import TrainingContext

RECURSION_LIMIT = 12_000
_LOADER_OF_STEP = {"training_step": "train_dataloader", "validation_step": "val_dataloader", "test_step": "test_dataloader"}


def read(
    source: str,
    filename: str,
    *,
    project: Project | None = None,
    network: str | None = None,
    inputs: tuple[Shape, ...] = (),
    limits: Limits = USUAL,
) -> Reading:
    """The networks of a source file, without running it.

    `network` picks one class, builder function or variable by name; `inputs` are the shapes of its tensor arguments;
    `limits` say how far it is followed. Raises SourceError if the source cannot be parsed or holds no such network.
    """
    project = project if project is not None else Project()
    project.limits = limits
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    try:
        file = project.add(Path(filename), source, filename)
        opened = len(project.opened)
        if network is None and not (_names_torch(file) or any(map(_names_torch, _imported(project, file)))):
            return Reading(dependencies=tuple(str(path) for path in project.opened[opened:]), lookups=project.lookups)
        reader = _Reader(project, file, inputs, limits)
        graphs = reader.one(network) if network is not None else reader.all()
        return Reading(graphs, tuple(str(path) for path in project.opened[opened:]), lookups=project.lookups)
    finally:
        project.forget()
        sys.setrecursionlimit(limit)


def _names_torch(file: SourceFile) -> bool:
    return any("torch" in line for line in file.lines)


def _imported(project: Project, file: SourceFile) -> Iterator[SourceFile]:
    """The files of the project that a file imports at its top level: a script may leave all that is torch's to them."""
    package = file.name.split(".") if file.is_package else file.name.split(".")[:-1]
    for node in (inner for statement in file.syntax.body for inner in flat(statement)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], node.module or ""] if node.level else [node.module or ""]
            origin = ".".join(part for part in base if part)
            names = [origin, *(f"{origin}.{alias.name}" if origin else alias.name for alias in node.names)]
        else:
            continue
        found = (project.resolve(name, file) for name in names if name)
        yield from (imported for imported in found if imported is not None)


@dataclass(slots=True)
class _Made:
    """A network that an entry point gave, with the name a user knows it by."""

    name: str
    module: Module
    trace: Trace
    builder: bool = False
    concrete: bool = True


class _Reader:
    def __init__(self, project: Project, file: SourceFile, inputs: tuple[Shape, ...], limits: Limits) -> None:
        self.interpreter = Interpreter(project, limits)
        self.reach = Reach(self.interpreter)
        self.alone = Alone(self.interpreter)
        self.file = file
        self.inputs = inputs
        self.graphs: list[Graph] = []
        self.done: dict[int, Module] = {}
        """The modules that have a graph, by id (kept, so that an id stays theirs)."""
        self.shown: set[int] = set()
        """Ids of the class nodes of which an object stands in some graph."""
        self.made: list[_Made] = []
        self.builders: list[tuple[Graph, Any]] = []
        self.traces: list[Trace] = []

    # -- entry points --------------------------------------------------------------------------------------------------

    def all(self) -> list[Graph]:
        """Every network and piece of training code of the file."""
        self._module_level()
        for name, function in self._definitions(Function):
            if (
                self.interpreter.steps < self.interpreter.limits.builder_steps
                and id(_undecorated(function).node) not in self.interpreter.called
                and _callable_alone(function)
            ):
                self._builder(name, function)
        for name, function in self._roots():
            if id(_undecorated(function).node) not in self.interpreter.called:
                self._function(name, function)
        self._made_networks()
        self._unused_networks()
        for name, cls in self._definitions(Class):
            self._methods(name, cls)
        # Networks that need no arguments come first, then users before what they use: a part is not looked at alone when its whole is.
        modules = [(name, cls) for name, cls in self._definitions(Class) if classes.is_module_class(cls)]
        modules.reverse()
        for name, cls in sorted(modules, key=lambda item: bool(required(item[1]))):
            if not self._is_covered(cls):
                self._class(name, cls)
        self._loose_stacks()
        self._name_single_builders()
        place = {name: position for position, name in enumerate(self.file.bindings)}
        return sorted(self.graphs, key=lambda graph: place.get(graph.name.partition(".")[0], len(place)))

    def _roots(self) -> list[tuple[str, Function]]:
        """The functions with arguments that apply losses or layers, or come to training code: who calls before who is called."""
        roots: list[tuple[int, str, Function]] = []
        for name, function in self._definitions(Function):
            written = _undecorated(function)
            if id(written.node) not in self.interpreter.called and not _callable_alone(function):
                reached = sum(1 for _ in self.reach.functions(written, here=True))
                if _signs(written) or self.reach.comes_to(written, training_names()):
                    roots.append((reached, name, function))
        return [(name, function) for _, name, function in sorted(roots, key=lambda root: -root[0])]

    def _is_covered(self, cls: Class) -> bool:
        """Whether a class was seen as part of a network: its own forward was called, or it has none and was instantiated."""
        forward = cls.namespace.get("forward")
        if isinstance(forward, Function):
            return id(forward.node) in self.interpreter.called
        return id(cls.node) in self.interpreter.instantiated

    def one(self, name: str) -> list[Graph]:
        """The network of one name."""
        names = [key for key in self.file.bindings if not key.startswith("_")]
        if name not in self.file.bindings:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise SourceError(f"the file defines no `{name}`{hint}")
        value: Any = Anything("it does not give a network")
        concrete = True
        with self._entry(name) as trace:
            value = self.interpreter.global_name(name, self.file)
            is_function = isinstance(value, Function)
            if isinstance(value, Class) and classes.is_module_class(value):
                value, concrete = self.alone.make(value)
            elif is_function:
                value = self.interpreter.call(value, [], {})
            for module in _networks(value):
                self._network(_Made(name, module, trace, builder=is_function, concrete=concrete))
        if not self.graphs:
            ended = next((blind.reason for blind in reversed(trace.blind) if trace.tainted is not None), None)
            why = ended or (value.reason if isinstance(value, Unknown) else "it does not give a network")
            raise SourceError(f"`{name}` is not a network that can be read: {why}")
        return self.graphs[:1]

    def _definitions(self, kind: type) -> Iterator[tuple[str, Any]]:
        for statement in self.file.syntax.body:
            for inner in flat(statement):
                if isinstance(inner, (ast.FunctionDef, ast.ClassDef)):
                    value = self._lookup(inner.name)
                    if isinstance(value, kind) and getattr(value, "node", None) is not None:
                        yield inner.name, value

    def _lookup(self, name: str) -> Any:
        try:
            return self.interpreter.global_name(name, self.file)
        except (Raised, OutOfBudget, GivenUp, RecursionError):
            return Anything(f"`{name}`")

    def _entry(self, name: str, trace: Trace | None = None) -> _Entry:
        return _Entry(self, name, trace)

    def _module_level(self) -> None:
        """Executes the file's top level, as a script."""
        scope = self.interpreter.module_scope(self.file)
        scope.variables["__name__"] = "__main__"
        with self._entry("") as trace:
            for piece in self.file.slices:
                if any(isinstance(s, ast.ClassDef) for s in piece.statements) and not any(isinstance(s, ast.If) for s in piece.statements):
                    continue
                self.interpreter.execute_slice(piece)
        named = [(name, module) for name, value in scope.variables.items() for module in _networks(value)]
        self._training("", trace, named)
        self.made.extend(_Made(name, module, trace) for name, module in named)

    def _builder(self, name: str, function: Function) -> None:
        """A function that can be called without arguments."""
        result: Any = None
        with self._entry(name) as trace:
            result = self.interpreter.call(function, [], {})
        self._training(name, trace, [(name, module) for module in _networks(result)])
        self.made.extend(_Made(name, module, trace, builder=True) for module in _networks(result))

    def _made_networks(self) -> None:
        """The networks that were made but not trained, leaving out those that are part of another."""
        parts = {id(part) for made in self.made for path, part in module_tree.walk(made.module) if path}
        for made in self.made:
            if id(made.module) not in self.done and id(made.module) not in parts and _is_network(made.module):
                graph = self._network(made)
                if made.builder:
                    self.builders.append((graph, made.module.cls))

    def _unused_networks(self) -> None:
        """The networks that some code made and gave away (to a trainer that cannot be seen, say): one of each class not seen so far."""
        for trace in self.traces:
            parts = {id(child) for module in trace.made for _, child in module_tree.child_modules(module)}
            for module in trace.free:
                if id(getattr(module.cls, "node", None)) not in self.shown and id(module) not in parts and _has_forward(module):
                    self._network(_Made(_class_name(module), module, trace, concrete=id(module) not in self.alone.partial))

    def _loose_stacks(self) -> None:
        """The `nn.Sequential`s that went into something unseen (`backbone.fc = nn.Sequential(...)`): pieces of networks, one a place."""
        shown = {id(layer) for graph in self.graphs for layer in graph.layers}
        places: set[Any] = set()
        for trace in self.traces:
            parts = {id(child) for module in trace.made for _, child in module_tree.child_modules(module)}
            for module in trace.made:
                site = module.layer.site
                if module.container != "Sequential" or len(module.children) < 2 or id(module) in parts or site is None:
                    continue
                if site.key not in places and not any(id(part.layer) in shown for _, part in module_tree.walk(module)):
                    places.add(site.key)
                    self._network(_Made(_class_name(module), module, trace, concrete=False))

    def _class(self, name: str, cls: Class) -> None:
        """A class seen alone, with its defaults."""
        value: Any = None
        concrete = False
        with self._entry(name) as trace:
            value, concrete = self.alone.make(cls)
        self._training(name, trace, [])
        if isinstance(value, Module) and _has_forward(value) and id(value) not in self.done:
            self._network(_Made(name, value, trace, concrete=concrete))

    def _function(self, name: str, function: Function) -> None:
        """A function that applies losses or layers to its arguments."""
        with self._entry(name) as trace:
            self.interpreter.call(function, [], self.alone.arguments(_undecorated(function), missing(_undecorated(function))))
        self._training(name, trace, [])

    def _methods(self, name: str, cls: Class) -> None:
        """A class whose methods apply losses or take training steps, and that nothing has called yet: they are run one after the other."""
        methods = [
            (key, method)
            for key, method in cls.namespace.items()
            if isinstance(method, Function) and isinstance(method.node, cst.FunctionDef)
        ]
        waiting = [
            (key, method)
            for key, method in methods
            if key != "forward"
            and id(method.node) not in self.interpreter.called
            and (_signs(method) or (key == "training_step" and torch_modules.is_lightning(cls)))
            and method.kind != "property"
        ]
        fresh = [item for item in methods if id(item[1].node) not in self.interpreter.called]
        if not [key for key, _ in waiting if key != "__init__" or not classes.is_module_class(cls)] and not _makes_loss(fresh):
            return
        instance: Any = None
        concrete = False
        with self._entry(name) as trace:
            instance, concrete = self.alone.make(cls)
        if not isinstance(instance, (Module, Instance)):
            return
        waiting += [item for item in methods if item not in waiting and self._applies_own_loss(instance, *item)]
        waiting.sort(key=lambda item: item[0] != "training_step")
        if all(key == "__init__" for key, _ in waiting) and classes.is_module_class(cls):
            return
        forward = forward_of(instance) if isinstance(instance, Module) else None
        if isinstance(instance, Module) and forward is not None and any(key in forward.names for key, _ in waiting):
            with self._entry(name, Trace()):  # the methods that its forward calls are read with the network
                self.interpreter.call(instance, *arguments_of(self.interpreter, instance, self.inputs))
        for key, method in waiting:
            if key != "__init__" and id(method.node) not in self.interpreter.called:
                with self._entry(f"{name}.{key}", trace):
                    batch = self._batch_of_hook(cls, instance, key)
                    given = self.alone.arguments(method, missing(method)[len(batch) :])
                    result = self.interpreter.call(method if method.kind == "static" else Bound(method, instance), batch, given)
                    if key == "training_step" and torch_modules.is_lightning(cls):
                        torch_training.backward(self.interpreter, result.get("loss") if isinstance(result, dict) else result)
        self._training(name, trace, [(name, instance)] if isinstance(instance, Module) else [])
        if isinstance(instance, Module) and _has_forward(instance) and id(instance) not in self.done:
            self._network(_Made(name, instance, trace, concrete=concrete))

    def _applies_own_loss(self, instance: Module | Instance, key: str, method: Function) -> bool:
        """Whether a method that nothing has called applies a loss that the object keeps (`self.criterion(...)`)."""
        if key in ("__init__", "forward") or method.kind == "property" or id(method.node) in self.interpreter.called:
            return False
        kept = instance.children if isinstance(instance, Module) else instance.attributes
        losses = {
            name for name, value in kept.items() if any(isinstance(o, Module) and isinstance(o.operator, Loss) for o in members(value))
        }
        return bool(losses & method.names)

    def _batch_of_hook(self, cls: Class, instance: Any, key: str) -> list[Any]:
        """What Lightning hands to a step: a batch of the loader that the module's own hook gives."""
        hook = classes.class_attribute(cls, _LOADER_OF_STEP.get(key, "")) if torch_modules.is_lightning(cls) else None
        if not isinstance(hook, Function):
            return []
        loader = self.interpreter.call(Bound(hook, instance), [], {})
        if not isinstance(loader, LoaderValue):
            return []
        with self.interpreter.without_gradient(key != "training_step"):
            return [torch_training.draw_batch(self.interpreter, loader)]

    # -- graphs ----------------------------------------------------------------------------------------------------------

    def _training(self, name: str, trace: Trace, named: list[tuple[str, Module]]) -> None:
        """The graphs of what an entry point trained: each network it called, and its own code around them."""
        trace.training.penalties = torch_training.find_penalties(trace)
        trace.training.augmentations = _augmentations(trace)
        names = {id(module): key for key, module in named}
        calls = [call for call in trace.roots if _is_network(call.module) and call.module.layer.site is not None]
        calls = [call for call in calls if module_tree.named_parameters(call.module)] or calls  # a loss of one's own learns nothing
        trained = list({id(call.module): call.module for call in calls}.values())
        covered: frozenset[int] = frozenset()
        if len(trained) == 1 and id(trained[0]) not in self.done:
            covered = self._trained_network(self._called(trained[0], trace, names), calls)
        else:
            for module in trained:
                if id(module) not in self.done:
                    self._network(self._called(module, trace, names))
        self._code(name, trace, covered)

    def _called(self, module: Module, trace: Trace, names: dict[int, str]) -> _Made:
        """A network that an entry point called."""
        return _Made(names.get(id(module), _class_name(module)), module, trace, concrete=id(module) not in self.alone.partial)

    def _trained_network(self, made: _Made, calls: list[RootCall]) -> frozenset[int]:
        """One graph of a network and the training code around it; gives the ids of what it shows.

        The network appears as its first call. What depends on its other calls (an evaluation loop) is left to another graph.
        """
        module, trace = made.module, made.trace
        first = next((call for call in calls if any(loader.feeds_training for loader in call.fed)), calls[0])
        dropped = {id(o) for call in calls if call is not first for o in trace.operators[call.start : call.end] if id(o) in trace.inside}
        kept: list[Operator] = []
        for operator in trace.operators:
            if id(operator) in dropped or any(id(source) in dropped for source in operator.inputs):
                dropped.add(id(operator))
            else:
                kept.append(operator)
        context = replace(
            trace.training,
            backward=[operator for operator in trace.training.backward if id(operator) not in dropped],
            penalties=[penalty for penalty in trace.training.penalties if id(penalty.term) not in dropped],
            switches_to_eval=module in trace.evaluated,
            pretrained=_is_loaded(module, trace),
        )
        outputs = tuple(operator for operator in _tensors(first.result) if id(operator) not in dropped)
        self._add_graph(made, kept, outputs, context, trace.blind)
        return frozenset(id(thing) for thing in (*kept, *context.optimizers, *context.loaders, *context.penalties))

    def _code(self, name: str, trace: Trace, covered: frozenset[int]) -> None:
        """The graph of what code computes outside of networks, as far as it is not part of a network's graph already."""
        fixed = _fixed(trace.operators)
        own = [o for o in trace.operators if not any(id(o) in seen for seen in (trace.inside, covered, fixed)) and not isinstance(o, Input)]
        context = trace.training
        rest = [thing for thing in (*context.optimizers, *context.loaders, *context.penalties) if id(thing) not in covered]
        if own or rest:
            self.graphs.append(
                Graph(
                    name or Path(self.file.filename).name,
                    operators=trace.operators,
                    training=context,
                    blind=_unique(trace.blind),
                    filename=self.file.filename,
                    concrete=False,
                    elsewhere=covered | frozenset(trace.inside),
                )
            )

    def _network(self, made: _Made) -> Graph:
        """The graph of one network: its forward on fresh inputs."""
        module = made.module
        trace = Trace()
        outputs: tuple[Operator, ...] = ()
        with self._entry(made.name, trace):
            outputs = tuple(_tensors(self.interpreter.call(module, *arguments_of(self.interpreter, module, self.inputs))))
        trace.made.extend(made.trace.made)
        graph = self._add_graph(made, trace.operators, outputs, self._context(made, module), [*made.trace.blind, *trace.blind], trace)
        targets = targets_of(self.reach, module)
        if targets:
            self._losses_inside(graph, module, targets)
        return graph

    def _losses_inside(self, graph: Graph, module: Module, targets: frozenset[str]) -> None:
        """The losses that a network computes itself when it is given targets: judged on a graph of their own."""
        trace = Trace()
        with self._entry(graph.name, trace):
            self.interpreter.call(module, *arguments_of(self.interpreter, module, self.inputs, targets))
        rest = frozenset(id(operator) for operator in trace.operators if not isinstance(operator, Loss))
        if len(rest) < len(trace.operators):
            self.graphs.append(
                Graph(
                    graph.name, root=graph.root, operators=trace.operators, filename=graph.filename, concrete=graph.concrete, elsewhere=rest
                )
            )

    def _add_graph(
        self,
        made: _Made,
        operators: list[Operator],
        outputs: tuple[Operator, ...],
        context: TrainingContext,
        blind: list[Blind],
        trace: Trace | None = None,
    ) -> Graph:
        module = made.module
        for _, part in module_tree.walk(module):
            self.done[id(part)] = part
            self.shown.add(id(getattr(part.cls, "node", None)))
        layers = layers_of(module)
        source = trace or made.trace
        add_unregistered(layers, module, [o for o in operators if source.inside.get(id(o)) is module], source.made)
        graph = Graph(
            made.name,
            root=module.layer,
            operators=operators,
            layers=layers,
            outputs=outputs,
            training=context,
            blind=_unique(blind),
            filename=self.file.filename,
            site=module.layer.site,
            concrete=made.concrete,
            elsewhere=frozenset(id(thing) for thing in (*context.optimizers, *context.loaders, *context.penalties))
            if trace is not None
            else frozenset(),
            parameters_unknown=uncounted(module) or (made.trace.tainted if made.builder else None),
        )
        self.graphs.append(graph)
        return graph

    def _context(self, made: _Made, module: Module) -> TrainingContext:
        """What an entry point said about the training of one of several networks, linked by its parameters and by what was fed to it.

        These facts are known here, but judged where all of the training code is seen.
        """
        training = made.trace.training
        own = {id(value.parameter) for _, value in module_tree.named_parameters(module)}
        loaders = {id(loader): loader for call in made.trace.roots if call.module is module for loader in call.fed}
        return TrainingContext(
            optimizers=[o for o in training.optimizers if any(id(p) in own for g in o.groups for p in g.parameters or ())],
            loaders=list(loaders.values()),
            penalties=[p for p in training.penalties if any(id(parameter) in own for parameter in p.parameters)],
            augmentations=_augmentations(made.trace),
            switches_to_eval=module in made.trace.evaluated,
            pretrained=_is_loaded(module, made.trace),
        )

    def _name_single_builders(self) -> None:
        """A network whose class has one builder only is known by its class."""
        by_class: dict[int, list[tuple[Graph, Any]]] = {}
        for graph, cls in self.builders:
            by_class.setdefault(id(cls), []).append((graph, cls))
        for group in by_class.values():
            graph, cls = group[0]
            if len(group) == 1 and isinstance(cls, Class) and cls.file is self.file:
                graph.name = cls.name


class _Entry:
    """Runs one entry point with a trace and a budget of its own; what the program raises ends it quietly."""

    def __init__(self, reader: _Reader, name: str, trace: Trace | None = None) -> None:
        self._interpreter = reader.interpreter
        self._trace = trace if trace is not None else Trace()
        if trace is None:
            reader.traces.append(self._trace)
        self._name = name
        self._before: Any = None

    def __enter__(self) -> Trace:
        interpreter = self._interpreter
        self._before = (
            interpreter.trace,
            interpreter.building,
            interpreter.applying,
            interpreter.site,
            interpreter.no_grad,
            interpreter.depth,
            interpreter.frames,
        )
        interpreter.trace = self._trace
        interpreter.building, interpreter.applying, interpreter.site, interpreter.no_grad = [], [], None, 0
        interpreter.allow(min(interpreter.steps + interpreter.limits.entry_steps, interpreter.limits.steps))
        interpreter.frames = []
        return self._trace

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        interpreter = self._interpreter
        (
            interpreter.trace,
            interpreter.building,
            interpreter.applying,
            interpreter.site,
            interpreter.no_grad,
            interpreter.depth,
            interpreter.frames,
        ) = self._before
        if isinstance(error, Raised):
            self._trace.blind.append(Blind(None, f"`{self._name}` raises an exception"))
            self._trace.tainted = self._trace.tainted or Unknown("it raises an exception")
            return True
        if isinstance(error, (OutOfBudget, GivenUp, RecursionError)):
            self._trace.blind.append(Blind(None, f"`{self._name}` takes more steps than are followed"))
            self._trace.tainted = self._trace.tainted or Unknown("it takes more steps than are followed")
            return True
        return False


# -- what an entry point is --------------------------------------------------------------------------------------------------


def _undecorated(function: Function) -> Function:
    """The function as written, behind decorators that wrap it."""
    while isinstance(function.attributes.get("__wrapped__"), Function):
        function = function.attributes["__wrapped__"]
    return function


def _callable_alone(function: Function) -> bool:
    """Whether all parameters have defaults."""
    function = _undecorated(function)
    params = parameters_of(function.node)
    return all(p.name in function.defaults for p in (*params.positional, *params.keyword_only))


@cache
def _signal_names() -> frozenset[str]:
    from netlint.frontends.torch_api import FUNCTIONS, LAYERS, OPTIMIZERS

    layers = {name.rpartition(".")[2] for name in LAYERS}
    functions = {name.rpartition(".")[2] for name in FUNCTIONS if name.startswith("torch.nn.functional.")}
    optimizers = {name.rpartition(".")[2] for name in OPTIMIZERS}
    return frozenset(layers | functions | optimizers | {"backward", "DataLoader"})


def _makes_loss(methods: list[tuple[str, Function]]) -> bool:
    """Whether a constructor names one of torch's losses."""
    return any(key == "__init__" and method.names & loss_names() for key, method in methods)


def _signs(function: Function) -> bool:
    """Whether a function's body applies a layer or loss or takes a training step."""
    return bool(function.names & _signal_names())


def _networks(value: Any) -> Iterator[Module]:
    for option in members(value):
        if isinstance(option, Module):
            yield option
        elif isinstance(option, (tuple, list)) and len(option) <= 8:
            for element in option:
                if isinstance(element, Module):
                    yield element


def _has_forward(module: Module) -> bool:
    if isinstance(module.cls, Class) and classes.class_attribute(module.cls, "forward") is not None:
        return True
    return module.container == "Sequential" or module.operator is not None


def _is_network(module: Module) -> bool:
    """Whether a module is a network of its own: not a single layer, a loss, or a bare list of modules."""
    if isinstance(module.cls, Class):
        return _has_forward(module)
    return (module.container == "Sequential" and bool(module.children)) or (
        module.layer.kind.startswith("torch.nn.Transformer") and module.operator is None
    )


def _class_name(module: Module) -> str:
    return module.cls.name.rpartition(".")[2]


def _fixed(operators: list[Operator]) -> set[int]:
    """Ids of the operators that compute with constants and weights alone: tables, initial values."""
    fixed: set[int] = set()
    for operator in operators:
        if isinstance(operator, (Constant, Weight)) or (
            operator.layer is None and operator.inputs and all(id(source) in fixed for source in operator.inputs)
        ):
            fixed.add(id(operator))
    return fixed


def _tensors(value: Any) -> Iterator[Operator]:
    """The operators of all tensors in a result."""
    if isinstance(value, (Tensor, Several)):
        yield value.operator
    elif isinstance(value, Either):
        for option in value.options:
            yield from _tensors(option)
    elif isinstance(value, (list, tuple)):
        for element in value:
            yield from _tensors(element)
    elif isinstance(value, dict):
        for element in value.values():
            yield from _tensors(element)
    elif isinstance(value, Instance):
        for element in value.attributes.values():
            yield from _tensors(element)


def _is_loaded(network: Module, trace: Trace) -> bool:
    """Whether weights are loaded into a network or a part of it."""
    loaded = {id(module) for module in trace.loaded}
    return bool(loaded) and any(id(part) in loaded for _, part in module_tree.walk(network))


def _augmentations(trace: Trace) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in trace.loaders for name in value.augmentations))


def _unique(blind: list[Blind]) -> list[Blind]:
    found: dict[tuple[Any, str], Blind] = {}
    for spot in blind:
        found.setdefault((spot.where.key if spot.where is not None else None, spot.reason), spot)
    return list(found.values())


__all__ = ["Reading", "read"]
