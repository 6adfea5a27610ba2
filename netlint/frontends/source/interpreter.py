"""The abstract interpreter: executes module constructors, `forward` methods and training code without running them.

Known values are computed, tensors become operators of a graph, what cannot be known becomes Unknown. A condition that cannot be
decided runs both ways and the outcomes are joined. This file holds statements, names and calls of the project's own functions;
expressions, objects, Python's library and PyTorch have their own files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import libcst as cst

from netlint.frontends.errors import SourceError
from netlint.frontends.limits import Limits
from netlint.frontends.source.code import NodeSite, Slice, SourceFile
from netlint.frontends.source.heap import ADict, AList, ASet, Heap, OpenList
from netlint.frontends.source.project import Project
from netlint.frontends.source.trace import Trace
from netlint.frontends.source.values import (
    ABSENT,
    Activation,
    Anything,
    Bound,
    Either,
    Enumerated,
    External,
    Function,
    LazyImport,
    LoaderValue,
    Module,
    Native,
    ParameterValue,
    Partial,
    Scope,
    Several,
    Tensor,
    UnknownShape,
    members,
)
from netlint.frontends.torch_api.spec import Rest
from netlint.graph import Blind, Operator, Unknown
from netlint.graph.operators import Alternatives, Constant

if TYPE_CHECKING:
    from netlint.graph.parameter import Layer

PATIENCE = 60_000
"""Steps that a call may take without making a layer or an operator: bookkeeping that is longer is not followed."""
DECORATOR_PATIENCE = 2_000
"""The same for a decorator: one that wraps or registers takes a hundred, one that writes documentation tens of thousands."""
MAX_ROUNDS = 64
"""Rounds of a counting loop that are followed outside of networks (training and sampling repeat themselves)."""
MAX_WHILE_ROUNDS = 512
MAX_OPTIONS = 64
"""Alternatives of one value that are told apart; with more, it may be anything."""
Handler = Callable[["Interpreter", Any, Scope], Any]
EXECUTE: dict[type, Handler] = {}
"""What executes each kind of statement; filled by `statements`."""
EVALUATE: dict[type, Handler] = {}
"""What evaluates each kind of expression; filled by `expressions`."""
CALL: dict[type, Callable[..., Any]] = {}
"""What calls each kind of value that is not a function; `object` stands for all others. Filled by `objects`."""
BREAK = "break"
CONTINUE = "continue"


@dataclass(slots=True)
class Return:
    """The signal of a `return` statement."""

    value: Any


class Raised(Exception):
    """The interpreted program raised an exception (`value` is its object or class)."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value


class OutOfBudget(Exception):
    """The interpreted program took too many steps."""


class GivenUp(Exception):
    """A call goes on for long without making a layer or an operator."""


class Interpreter:
    """Runs code of one project. All state of a run is here; `trace` collects what the current entry point does."""

    def __init__(self, project: Project, limits: Limits | None = None) -> None:
        self.project = project
        self.limits = limits or Limits()
        self.heap = Heap()
        self.trace = Trace()
        self.steps = 0
        self.max_steps = self.stop_at = self.limits.steps
        self.progress_at = 0
        """The step at which the last layer or operator was made."""
        self.frames: list[int] = []
        """The steps at which the running calls of the current top-level statement began, outermost first."""
        self.patience = PATIENCE
        self.given_up: set[int] = set()
        """Ids of the function nodes that went on for long without making anything of a network."""
        self.depth = 0
        self.active: dict[int, int] = {}
        self.called: set[int] = set()
        """Ids of the function nodes that were executed at least once."""
        self.instantiated: set[int] = set()
        """Ids of the class nodes that were instantiated at least once."""
        self.building: list[Module] = []
        """Modules whose constructor is running, outermost first."""
        self.applying: list[Module] = []
        """Modules whose forward is running, outermost first."""
        self.site: NodeSite | None = None
        self.importing: set[tuple[str, str | None, str]] = set()
        """Imports that are being resolved, to see circles."""
        self.no_grad = 0
        self.asked_mode = False
        """Whether the running function has looked at `self.training`, so that it knows its mode."""

    # -- budgets and reports ---------------------------------------------------------------------------------------

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.stop_at:
            self.overspent()

    def spend(self, elements: int) -> None:
        """Work on many elements at once costs steps too."""
        self.steps += elements >> 6
        if self.steps > self.stop_at:
            self.overspent()

    def allow(self, steps: int) -> None:
        """Sets how many steps may have been taken when the run ends."""
        self.max_steps = steps
        self.progressed()

    def progressed(self) -> None:
        """A layer or an operator was made: what runs now is about the network."""
        self.progress_at = self.steps
        self.stop_at = min(self.max_steps, self.steps + self.patience)

    def overspent(self) -> None:
        """Ends the run when its budget is gone, or the outermost call that has gone on for long without making anything of a network."""
        if self.steps > self.max_steps:
            raise OutOfBudget
        idle = bisect_left(self.frames, self.progress_at)
        started = self.frames[idle] if idle < len(self.frames) else self.steps
        if self.steps - started > self.patience:
            raise GivenUp
        self.stop_at = min(self.max_steps, started + self.patience)

    def decorated(self, decorator: Any, definition: Any) -> Any:
        """What a decorator of the project makes of a definition; the definition itself where that is not followed to its end, None where
        it raises."""
        written = id(getattr(decorator, "node", decorator))
        if written in self.given_up:
            return definition
        frames, patience = self.frames, self.patience
        self.frames, self.patience = [self.steps], min(patience, DECORATOR_PATIENCE)
        self.stop_at = self.steps
        try:
            return self.call(decorator, [definition], {})
        except Raised:
            return None
        except GivenUp:
            self.given_up.add(written)
            return definition
        finally:
            self.frames, self.patience = frames, patience
            self.stop_at = self.steps

    @property
    def is_idle_outside(self) -> bool:
        """Whether what called the running function has made nothing of a network since it began, either."""
        return len(self.frames) > 1 and self.frames[-2] >= self.progress_at

    def blind(self, reason: str, site: NodeSite | None = None) -> None:
        """Records a place that could not be seen."""
        self.trace.blind.append(Blind(site or self.site, reason))

    def taint(self, reason: str) -> None:
        """Construction took a turn that was not followed exactly: parameter counts of what is being built are unknown."""
        unknown = Unknown(reason)
        for module in self.building:
            module.tainted = module.tainted or unknown
        if not self.building:
            self.trace.tainted = self.trace.tainted or unknown

    def emit(self, operator: Operator) -> Operator:
        """Puts an operator that has its inputs into the trace."""
        if len(self.trace.operators) > self.limits.elements:
            raise OutOfBudget
        batches = self.trace.batches
        fed = {batches[id(source)] for source in operator.inputs if id(source) in batches}
        if fed:
            batches[id(operator)] = fed.pop() if len(fed) == 1 else frozenset().union(*fed)
        if self.applying:
            self.trace.inside[id(operator)] = self.applying[0]
        if self.no_grad:
            self.trace.unrecorded[id(operator)] = None
        self.trace.operators.append(operator)
        self.progressed()
        return operator

    def innermost_layer(self) -> Layer | None:
        return self.applying[-1].layer if self.applying else None

    def place(self, node: cst.CSTNode, scope: Scope) -> NodeSite | None:
        """Makes `node` the place of whatever is applied or constructed from now on; gives the place before, to be set again."""
        before = self.site
        if scope.piece is not None:
            self.site = NodeSite(scope.piece, node, scope.name)
        return before

    @contextmanager
    def without_gradient(self, quiet: bool = True) -> Any:
        """What happens meanwhile is not recorded for a backward pass, if `quiet`."""
        self.no_grad += quiet
        try:
            yield
        finally:
            self.no_grad -= quiet

    @contextmanager
    def at(self, node: cst.CSTNode, scope: Scope) -> Any:
        """Makes `node` the place of whatever is applied or constructed meanwhile."""
        before = self.site
        if scope.piece is not None:
            self.site = NodeSite(scope.piece, node, scope.name)
        try:
            yield
        finally:
            self.site = before

    # -- undecided branches ----------------------------------------------------------------------------------------

    def trial(self, runs: Sequence[Callable[[], Any]]) -> list[tuple[Any, Any]]:
        """Runs each alternative from the same state; gives (result, changes) of those that did not raise."""
        outcomes = []
        raised: Raised | None = None
        for run in runs:
            self.heap.begin()
            try:
                result = run()
            except Raised as error:
                self.heap.rollback()
                raised = error
                continue
            except BaseException:
                self.heap.rollback()
                raise
            outcomes.append((result, self.heap.rollback()))
        if not outcomes and raised is not None:
            raise raised
        return outcomes

    def choose(self, runs: Sequence[Callable[[], Any]], reason: str) -> Any:
        """The joined value of alternatives of which it is not known which one is taken."""
        outcomes = self.trial(runs)
        self.heap.merge([changes for _, changes in outcomes], self._joiner(reason), ABSENT)
        return self.join([value for value, _ in outcomes], reason)

    def each(self, options: Sequence[Any], function: Callable[[Any], Any], reason: str) -> Any:
        """The joined value of a function over alternatives."""
        return self.choose([partial(function, option) for option in options], reason)

    def branch(self, runs: Sequence[Callable[[], Any]], reason: str, activation: Activation | None) -> Any:
        """Like `choose`, for statements: a branch may return, break or continue while the other goes on."""
        outcomes = self.trial(runs)
        through = [changes for signal, changes in outcomes if signal is None]
        returned = [signal.value for signal, _ in outcomes if isinstance(signal, Return)]
        if through:
            self.heap.merge(through, self._joiner(reason), ABSENT)
            if activation is not None:
                activation.returned.extend(returned)
            if len(through) < len(outcomes):
                self._may_have_left(reason, activation, in_loop=len(through) + len(returned) < len(outcomes))
            return None
        self.heap.merge([changes for _, changes in outcomes], self._joiner(reason), ABSENT)
        if len(returned) == len(outcomes):
            return Return(self.join(returned, reason))
        if activation is not None:
            activation.returned.extend(returned)
        return next(signal for signal, _ in outcomes if not isinstance(signal, Return))

    def _may_have_left(self, reason: str, activation: Activation | None, in_loop: bool) -> None:
        """A branch that could not be decided may have left its loop or function: what follows is executed, and may not be."""
        target = activation.self_value if activation is not None else None
        if not self.applying and (in_loop or any(module is target for module in self.building)):
            self.taint(f"the code behind {reason} may not be executed")

    def _joiner(self, reason: str) -> Callable[[list[Any]], Any]:
        return lambda values: self.join(values, reason)

    def join(self, values: Sequence[Any], reason: str) -> Any:
        """One value that stands for several alternatives."""
        options: list[Any] = []
        for value in values:
            for option in members(value):
                if not any(same(option, known) for known in options):
                    options.append(option)
            if len(options) > MAX_OPTIONS:
                return Anything(f"it depends on {reason}")
        if len(options) == 1:
            return options[0]
        if all(isinstance(option, Tensor) for option in options):
            return self.alternatives(options, reason)
        if all(isinstance(option, tuple) for option in options) and len({len(option) for option in options}) == 1:
            return tuple(self.join(list(parts), reason) for parts in zip(*options, strict=True))
        if all(isinstance(option, (Unknown, bool, int, float, str, bytes, range)) for option in options):
            unknown = next((option for option in options if isinstance(option, Unknown)), None)
            return unknown if unknown is not None else Unknown(f"it depends on {reason}")
        if any(isinstance(option, Anything) for option in options) and len(options) > 4:
            return Anything(f"it depends on {reason}")
        return Either(tuple(options[:8]))

    def alternatives(self, tensors: Sequence[Any], reason: str) -> Tensor:
        """A tensor that is one of several."""
        operators = [tensor.operator for tensor in tensors]
        shapes = [operator.shape for operator in operators]
        shape = shapes[0] if all(shape == shapes[0] for shape in shapes) else None
        layer = self.innermost_layer()
        return Tensor(self.emit(Alternatives(inputs=tuple(operators), reason=reason, shape=shape, site=self.site, scope=layer)))

    def truth(self, value: Any) -> bool | None:
        """Python truth; None if it is not known."""
        if value is True or value is False or value is None:
            return bool(value)
        if isinstance(value, Either):
            truths = {self.truth(option) if option is not ABSENT else None for option in value.options}
            return truths.pop() if len(truths) == 1 else None
        if isinstance(value, (Unknown, Several)):
            return None
        if isinstance(value, Tensor):
            known = value.operator.value if isinstance(value.operator, Constant) else None
            return bool(known) if isinstance(known, (bool, int, float)) else None
        if isinstance(value, Module):
            return len(value.children) > 0 if value.container else True
        if isinstance(value, OpenList):
            return None
        if isinstance(value, list) and value and all(ABSENT in members(item) for item in value):
            return None
        if isinstance(value, (bool, int, float, str, bytes, tuple, list, dict, set, range, type(None))):
            return bool(value)
        return True

    # -- names -----------------------------------------------------------------------------------------------------

    def lookup(self, name: str, scope: Scope) -> Any:
        """The value of a name; Anything with a reason if it is not defined."""
        here: Scope | None = scope
        first = True
        while here is not None:
            if here.outer and name in here.outer and here.outer[name] is not here:
                return self.lookup(name, here.outer[name])
            if name in here.variables and (first or not here.is_class):
                return self.variable(name, here)
            if here.parent is None:
                return self.global_name(name, here.file)
            here, first = here.parent, False
        raise AssertionError("a chain of scopes ends at a module")

    def variable(self, name: str, scope: Scope) -> Any:
        """The value of a variable that a scope has; an import is resolved when its name is first used."""
        value = scope.variables[name]
        if type(value) is LazyImport or type(value) is Either:
            settled = self.settle(value)
            if settled is not value:
                value = scope.variables[name] = settled
            return self.present(value, f"`{name}`")
        return value if value is not ABSENT else self.present(value, f"`{name}`")

    def settle(self, value: Any) -> Any:
        """What an import gives; any other value as it is."""
        from netlint.frontends.source.imports import resolve_import

        if isinstance(value, LazyImport):
            key = (value.path, value.name, value.importer.filename)
            if key in self.importing:
                return Anything(f"`{value.name or value.path}` is imported in a circle")
            self.importing.add(key)
            try:
                return resolve_import(self, value)
            finally:
                self.importing.discard(key)
        if isinstance(value, Either) and any(isinstance(option, LazyImport) for option in value.options):
            return self.join([self.settle(option) for option in value.options], "which import it is")
        return value

    @staticmethod
    def present(value: Any, what: str) -> Any:
        """Leaves out the alternative in which a value does not exist."""
        if value is ABSENT:
            return Anything(f"{what} may not be set")
        if isinstance(value, Either) and ABSENT in value.options:
            rest = tuple(option for option in value.options if option is not ABSENT)
            return rest[0] if len(rest) == 1 else Either(rest)
        return value

    def module_scope(self, file: SourceFile) -> Scope:
        if file.scope is None:
            file.scope = Scope(file, None)
            file.scope.variables.update({"__name__": file.name, "__file__": file.filename, "__doc__": None})
        return file.scope

    def global_name(self, name: str, file: SourceFile) -> Any:
        """A module-level name: the statements that bind it are executed when it is first asked for."""
        from netlint.frontends.source.imports import star_imported
        from netlint.frontends.source.python_builtins import BUILTINS

        scope = self.module_scope(file)
        for piece in file.bindings.get(name, ()):
            if piece.state == "waiting":
                self.execute_slice(piece)
        if name in scope.variables:
            return self.variable(name, scope)
        if name not in file.unstarred:
            starred = star_imported(self, name, file)
            if starred is not ABSENT:
                self.bind(name, starred, scope)
                return starred
            file.unstarred.add(name)
        if name in BUILTINS:
            return BUILTINS[name]
        return Anything(f"the name `{name}` is not defined in {file.filename}")

    def execute_slice(self, piece: Slice) -> None:
        """Executes one top-level slice, once."""
        if piece.state != "waiting":
            return
        piece.state = "running"
        scope = self.module_scope(piece.file)
        before, stacks = scope.piece, (self.building, self.applying, self.site, self.no_grad, self.frames)
        scope.piece = piece
        self.building, self.applying, self.no_grad, self.frames = [], [], 0, []
        try:
            with self.heap.outside(scope.variables):  # a definition that a branch is the first to need is there for all
                for statement in piece.tree.body:
                    scope.piece = piece
                    if self.execute(statement, scope) is not None:
                        break
        except Raised:
            pass
        except SourceError as error:
            self.blind(error.message)
        finally:
            scope.piece = before
            self.building, self.applying, self.site, self.no_grad, self.frames = stacks
            piece.state = "done"

    def bind(self, name: str, value: Any, scope: Scope) -> None:
        """Assigns to a name."""
        target = scope.outer.get(name, scope)
        self.heap.touch(target.variables)
        target.variables[name] = value

    # -- statements ------------------------------------------------------------------------------------------------

    def block(self, body: cst.BaseSuite, scope: Scope) -> Any:
        """Executes statements in order; gives the signal that ended them early, or None."""
        for statement in body.body:
            signal = self.execute(statement, scope)
            if signal is not None:
                return signal
        return None

    def execute(self, node: cst.CSTNode, scope: Scope) -> Any:
        self.step()
        if type(node) is cst.SimpleStatementLine:
            for part in node.body:
                signal = self.execute(part, scope)
                if signal is not None:
                    return signal
            return None
        handler = EXECUTE.get(type(node))
        return handler(self, node, scope) if handler is not None else None

    def evaluate(self, node: cst.CSTNode, scope: Scope) -> Any:
        self.steps += 1
        if self.steps > self.stop_at:
            self.overspent()
        handler = EVALUATE.get(type(node))
        if handler is None:
            return Anything(f"{type(node).__name__} is not understood")
        return handler(self, node, scope)

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None) -> Any:
        """Calls any value. `opened` is set when further arguments were passed that are not known (`*args` of unknown length)."""
        self.step()
        if isinstance(function, Bound):
            return self.call(function.function, [function.self_value, *args], kwargs, opened)
        if isinstance(function, Function):
            return self.call_function(function, args, kwargs, opened)
        if isinstance(function, (Native, External)):
            return self._call_known(function, args, kwargs, opened)
        if isinstance(function, Partial):
            return self.call(function.function, [*function.args, *args], {**function.kwargs, **kwargs}, opened)
        if isinstance(function, Either):
            able = [option for option in function.options if option is not ABSENT and option is not None]
            return self.each(able, lambda option: self.call(option, args, kwargs, opened), "which function it is") if able else None
        return CALL.get(type(function), CALL[object])(self, function, args, kwargs, opened)

    def _call_known(self, function: Native | External, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None) -> Any:
        """Calls a function of Python's own or of a library; with arguments that it cannot take, it raises as it would there."""
        try:
            if isinstance(function, Native):
                return function.call(self, [*args, opened] if isinstance(opened, Rest) else args, kwargs)
            return CALL[External](self, function, args, kwargs, opened)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise Raised(External(type(error).__name__)) from error

    def call_function(self, function: Function, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None) -> Any:
        """Executes a function of the project with its arguments bound."""
        from netlint.frontends.source.functions import bind_arguments, is_generator

        node = function.node
        if self.depth >= self.limits.depth or self.active.get(id(node), 0) >= 12:
            self.taint(f"`{function.name}` recurses deeper than is followed")
            return Anything(f"`{function.name}` recurses deeper than is followed")
        if id(node) in self.given_up:
            return self._gave_up(function, args)
        body = function.body
        if function.problem:
            self.blind(function.problem)
            return Anything(function.problem)
        activation = Activation(function, args[0] if args else None)
        scope = Scope(function.scope.file, function.scope, function.qualname, function.piece, activation=activation)
        scope.variables.update(bind_arguments(function, args, kwargs, opened))
        self.called.add(id(node))
        self.depth += 1
        self.no_grad += function.no_grad
        self.active[id(node)] = self.active.get(id(node), 0) + 1
        site, asked = self.site, self.asked_mode
        self.asked_mode = False
        self.frames.append(self.steps)
        signal: Any = None
        try:
            if isinstance(body, cst.BaseExpression):
                return self.evaluate(body, scope)
            if scope.piece is not None and scope.piece.may_yield and is_generator(body):
                activation.yielded = AList()
            signal = self.block(body, scope)
        except Raised:
            if not activation.returned:
                raise
            signal = Return(activation.returned.pop())  # an undecided branch has returned: what raises is the other way
        except GivenUp:
            if self.is_idle_outside:
                raise
            self.given_up.add(id(node))
            self.progressed()
            return self._gave_up(function, args)
        finally:
            self.frames.pop()
            self.depth -= 1
            self.no_grad -= function.no_grad
            self.active[id(node)] -= 1
            self.site, self.asked_mode = site, asked
        if activation.yielded is not None:
            return activation.yielded
        result = signal.value if isinstance(signal, Return) else None
        if activation.returned:
            if result is None and not isinstance(signal, Return):
                return self.join(activation.returned, "a branch") if len(activation.returned) > 1 else activation.returned[0]
            return self.join([*activation.returned, result], "which branch returns")
        return result

    def _gave_up(self, function: Function, args: list[Any]) -> Anything:
        """The result of a call that was not followed to its end: lists that it was given may have grown."""
        reason = f"`{function.name}` takes more steps than are followed"
        for value in args:
            if type(value) is AList:
                self.heap.touch(value)
                value.__class__ = OpenList
        self.taint(reason)
        self.blind(reason)
        return Anything(reason)

    # -- iteration -------------------------------------------------------------------------------------------------

    def items(self, value: Any) -> list[Any] | None:
        """The elements of an iterable; None if they are not known."""
        from netlint.frontends.source import objects

        if isinstance(value, (list, tuple, dict, set, str, bytes, range)):
            self.spend(min(len(value), self.limits.elements))
        if isinstance(value, OpenList):
            return None
        if isinstance(value, (list, tuple)):
            return list(value)
        if isinstance(value, range):
            return list(value) if len(value) <= self.limits.elements else None
        if isinstance(value, (dict, str, bytes)):
            return list(value)
        if isinstance(value, set):
            return sorted(value, key=_place_in_set)
        return objects.iterate(self, value)

    def representative(self, value: Any) -> Any:
        """One element of an iterable whose elements are not known."""
        from netlint.frontends.source import operands, torch_calls

        if isinstance(value, (Tensor, Several, ParameterValue)):
            return operands.select(self, value, Unknown("which element"))
        if isinstance(value, OpenList) and value:
            return self.join(list(value), "which element it is")
        if isinstance(value, LoaderValue):
            return torch_calls.batch(self, value)
        if isinstance(value, Either):
            return self.join([self.representative(option) for option in value.options if option is not ABSENT], "which iterable it is")
        if isinstance(value, UnknownShape):
            return Unknown("a size of a tensor")
        if isinstance(value, Enumerated):
            return (Unknown("a position"), self.representative(value.inner))
        if isinstance(value, Unknown):
            return Anything(value.reason)
        return Anything("an element of something unknown")

    def unpack(self, value: Any, count: int) -> list[Any]:
        """`count` elements of a value that is unpacked."""
        from netlint.frontends.source import operands

        found = self.items(value)
        if found is not None and len(found) == count:
            return found
        if isinstance(value, Either):
            rows = [self.unpack(option, count) for option in value.options if option is not ABSENT and option is not None]
            return [self.join(column, "which value is unpacked") for column in zip(*rows, strict=True)] if rows else [None] * count
        if isinstance(value, (Tensor, Several)):
            return [operands.select(self, value, index) for index in range(count)]
        if found is not None:
            return [Anything("the number of values to unpack differs")] * count
        return [self.representative(value) for _ in range(count)]


def same(a: Any, b: Any) -> bool:
    """Whether two values are surely the same."""
    if a is b:
        return True
    plain = (bool, int, float, str, bytes, range, type(None), External)
    if isinstance(a, plain) and type(a) is type(b):
        return bool(a == b)
    if isinstance(a, Bound) and isinstance(b, Bound):
        return a.function is b.function and a.self_value is b.self_value
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is type(b) and isinstance(a, (AList, ADict, ASet)):
        return not a and not b
    return False


def _place_in_set(item: Any) -> tuple[str, ...]:
    """Where an element of a set comes in order: by its type and text, a class or function by its name, never by its hash."""
    if isinstance(item, (tuple, frozenset)):
        parts = [_place_in_set(part) for part in item]
        return (type(item).__name__, *(text for part in (parts if isinstance(item, tuple) else sorted(parts)) for text in part))
    named = item if isinstance(item, (str, bytes, int, float, complex)) else getattr(item, "name", "")
    return (type(item).__name__, str(named))
