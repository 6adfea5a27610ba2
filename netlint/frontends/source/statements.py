"""Statements: how each kind changes the state of the interpreted program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import libcst as cst

from netlint.frontends.source import classes, expressions, module_methods, objects
from netlint.frontends.source.code import NodeCache, names_of
from netlint.frontends.source.functions import make_function
from netlint.frontends.source.heap import ADict, AList
from netlint.frontends.source.imports import imports_missing
from netlint.frontends.source.interpreter import (
    BREAK,
    CONTINUE,
    EXECUTE,
    MAX_ROUNDS,
    MAX_WHILE_ROUNDS,
    Handler,
    Interpreter,
    Raised,
    Return,
)
from netlint.frontends.source.values import (
    ABSENT,
    Anything,
    Class,
    Either,
    External,
    Function,
    Instance,
    LoaderValue,
    Module,
    Scope,
    Tensor,
)
from netlint.frontends.torch_api import FUNCTIONS, LAYERS, canonical
from netlint.graph.unknown import Unknown


def _describe(node: cst.CSTNode, limit: int = 60) -> str:
    text = " ".join(cst.Module(body=[]).code_for_node(node).split())
    return f"`{text if len(text) <= limit else text[: limit - 3] + '...'}`"


describe = NodeCache(_describe)
"""The text of a piece of code, for a reason."""


# -- simple statements -----------------------------------------------------------------------------------------------


def _expr(interpreter: Interpreter, node: cst.Expr, scope: Scope) -> Any:
    if not isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
        interpreter.evaluate(node.value, scope)
    return None


def _assign(interpreter: Interpreter, node: cst.Assign, scope: Scope) -> Any:
    value = interpreter.evaluate(node.value, scope)
    for target in node.targets:
        assign(interpreter, target.target, value, scope)
    return None


def _annotated(interpreter: Interpreter, node: cst.AnnAssign, scope: Scope) -> Any:
    if scope.is_class and isinstance(node.target, cst.Name):
        interpreter.heap.touch(scope.variables)
        fields = scope.variables.setdefault("__annotations__", {})
        fields[node.target.value] = node.annotation.annotation
    if node.value is not None:
        assign(interpreter, node.target, interpreter.evaluate(node.value, scope), scope)
    return None


def _augmented(interpreter: Interpreter, node: cst.AugAssign, scope: Scope) -> Any:
    current = interpreter.evaluate(node.target, scope)
    operand = interpreter.evaluate(node.value, scope)
    symbol = type(node.operator).__name__.removesuffix("Assign")
    if symbol == "Add" and isinstance(current, list):
        objects.extend_list(interpreter, current, operand)
        return None
    if symbol == "Add" and isinstance(current, Module) and current.container is not None:
        module_methods.METHODS["extend"](interpreter, current, [operand], {})
        return None
    with interpreter.at(node, scope):
        value = expressions.binary(interpreter, symbol, current, operand, inplace=isinstance(current, Tensor))
    assign(interpreter, node.target, value, scope)
    return None


def assign(interpreter: Interpreter, target: cst.BaseExpression, value: Any, scope: Scope) -> None:
    """Binds a value to an assignment target: a name, an attribute, an element, or a pattern of these."""
    if isinstance(target, cst.Name):
        interpreter.bind(target.value, value, scope)
    elif isinstance(target, cst.Attribute):
        with interpreter.at(target, scope):
            objects.set_attribute(interpreter, interpreter.evaluate(target.value, scope), target.attr.value, value)
    elif isinstance(target, cst.Subscript):
        container = interpreter.evaluate(target.value, scope)
        index = expressions.index_of(interpreter, target, scope)
        with interpreter.at(target, scope):
            objects.set_item(interpreter, container, index, value)
    elif isinstance(target, (cst.Tuple, cst.List)):
        _unpack(interpreter, target, value, scope)
    elif isinstance(target, cst.StarredElement):
        assign(interpreter, target.value, value, scope)


def _unpack(interpreter: Interpreter, target: cst.Tuple | cst.List, value: Any, scope: Scope) -> None:
    elements = target.elements
    starred = next((i for i, element in enumerate(elements) if isinstance(element, cst.StarredElement)), None)
    if starred is None:
        for element, part in zip(elements, interpreter.unpack(value, len(elements)), strict=True):
            assign(interpreter, element.value, part, scope)
        return
    found = interpreter.items(value)
    behind = len(elements) - starred - 1
    if found is None or len(found) < len(elements) - 1:
        for element in elements:
            assign(interpreter, element.value, Anything("unpacked from something unknown"), scope)
        return
    middle = AList(found[starred : len(found) - behind])
    parts = [*found[:starred], middle, *found[len(found) - behind :]]
    for element, part in zip(elements, parts, strict=True):
        assign(interpreter, element.value, part, scope)


def _return(interpreter: Interpreter, node: cst.Return, scope: Scope) -> Any:
    return Return(interpreter.evaluate(node.value, scope) if node.value is not None else None)


def _raise(interpreter: Interpreter, node: cst.Raise, scope: Scope) -> Any:
    raise Raised(interpreter.evaluate(node.exc, scope) if node.exc is not None else None)


def _delete(interpreter: Interpreter, node: cst.Del, scope: Scope) -> Any:
    targets = [element.value for element in node.target.elements] if isinstance(node.target, cst.Tuple) else [node.target]
    for target in targets:
        if isinstance(target, cst.Name) and target.value in scope.variables:
            interpreter.heap.touch(scope.variables)
            del scope.variables[target.value]
        elif isinstance(target, cst.Attribute):
            objects.delete_attribute(interpreter, interpreter.evaluate(target.value, scope), target.attr.value)
        elif isinstance(target, cst.Subscript):
            container = interpreter.evaluate(target.value, scope)
            objects.delete_item(interpreter, container, expressions.index_of(interpreter, target, scope))
    return None


def _names(node: cst.Global | cst.Nonlocal) -> list[str]:
    return [item.name.value for item in node.names]


def _global(interpreter: Interpreter, node: cst.Global, scope: Scope) -> Any:
    for name in _names(node):
        scope.outer[name] = interpreter.module_scope(scope.file)
    return None


def _nonlocal(interpreter: Interpreter, node: cst.Nonlocal, scope: Scope) -> Any:
    for name in _names(node):
        here = scope.parent
        while here is not None and name not in here.variables:
            here = here.parent
        if here is not None:
            scope.outer[name] = here
    return None


# -- compound statements ---------------------------------------------------------------------------------------------


def _if(interpreter: Interpreter, node: cst.If, scope: Scope) -> Any:
    condition = interpreter.evaluate(node.test, scope)
    known = interpreter.truth(condition)
    if known is not None and "training" in names_of(node.test):
        interpreter.asked_mode = True
    if known is True:
        return interpreter.block(node.body, scope)
    if known is False:
        return _else(interpreter, node.orelse, scope)
    if interpreter.building:
        interpreter_note(interpreter, node, scope, condition)

    def taken() -> Any:
        narrow(interpreter, node.test, scope, True)
        return interpreter.block(node.body, scope)

    def not_taken() -> Any:
        narrow(interpreter, node.test, scope, False)
        return _else(interpreter, node.orelse, scope)

    return interpreter.branch([taken, not_taken], describe(node.test), scope.activation)


def interpreter_note(interpreter: Interpreter, node: cst.If, scope: Scope, condition: Any) -> None:
    """Records an undecided condition of a constructor as a blind spot."""
    reason = condition.reason if isinstance(condition, Unknown) else "its value is not known"
    with interpreter.at(node.test, scope):
        interpreter.blind(f"the condition {describe(node.test)} cannot be decided: {reason}")


def narrow(interpreter: Interpreter, test: cst.BaseExpression, scope: Scope, outcome: bool) -> None:
    """What a condition says about a name or attribute while its branch runs: `x is None`, `not x`, `x`."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        narrow(interpreter, test.expression, scope, not outcome)
    elif isinstance(test, cst.BooleanOperation):
        if (isinstance(test.operator, cst.And) and outcome) or (isinstance(test.operator, cst.Or) and not outcome):
            narrow(interpreter, test.left, scope, outcome)
            narrow(interpreter, test.right, scope, outcome)
    elif isinstance(test, (cst.Name, cst.Attribute)):
        _keep(interpreter, test, scope, lambda option: interpreter.truth(option) is not (not outcome))
        if isinstance(test, cst.Name) and type(scope.variables.get(test.value)) is Unknown:
            return
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        comparison = test.comparisons[0]
        if (
            _is_name(comparison.comparator)
            and comparison.comparator.value == "None"
            and isinstance(comparison.operator, (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual))
        ):
            is_none = isinstance(comparison.operator, (cst.Is, cst.Equal)) == outcome
            _keep(interpreter, test.left, scope, lambda option: (option is None) == is_none or isinstance(option, Unknown))


def _is_name(node: cst.BaseExpression) -> TypeGuard[cst.Name]:
    return isinstance(node, cst.Name)


def _keep(interpreter: Interpreter, target: cst.BaseExpression, scope: Scope, accept: Callable[[Any], bool]) -> None:
    if not (_is_name(target) or (isinstance(target, cst.Attribute) and _is_name(target.value))):
        return
    value = interpreter.evaluate(target, scope)
    if isinstance(value, Either):
        kept = [option for option in value.options if accept(option)]
        if kept and len(kept) < len(value.options):
            assign(interpreter, target, kept[0] if len(kept) == 1 else Either(tuple(kept)), scope)


def _else(interpreter: Interpreter, orelse: Any, scope: Scope) -> Any:
    if orelse is None:
        return None
    return _if(interpreter, orelse, scope) if isinstance(orelse, cst.If) else interpreter.block(orelse.body, scope)


def _for(interpreter: Interpreter, node: cst.For, scope: Scope) -> Any:
    iterable = interpreter.evaluate(node.iter, scope)
    items = interpreter.items(iterable)
    if items and _only_counts(iterable) and (repeats_training(node) or (len(items) > MAX_ROUNDS and not _inside_network(interpreter))):
        iterable, items = items[0], None
    if items is None or len(items) > interpreter.limits.elements:
        return _for_once(interpreter, node, iterable, scope)
    for item in items:
        interpreter.step()
        if isinstance(item, Either) and ABSENT in item.options:
            present = interpreter.present(item, "an element")

            def body(item: Any = present) -> Any:
                assign(interpreter, node.target, item, scope)
                return interpreter.block(node.body, scope)

            signal = interpreter.branch([body, lambda: None], "whether the element exists", scope.activation)
        else:
            assign(interpreter, node.target, item, scope)
            signal = interpreter.block(node.body, scope)
        if signal is BREAK:
            return None
        if isinstance(signal, Return):
            return signal
    return interpreter.block(node.orelse.body, scope) if node.orelse is not None else None


def _only_counts(iterable: Any) -> bool:
    """Whether a loop counts rather than walks over things."""
    return isinstance(iterable, range) or (isinstance(iterable, list) and all(isinstance(item, int) for item in iterable))


def _inside_network(interpreter: Interpreter) -> bool:
    return bool(interpreter.building or interpreter.applying)


def _for_once(interpreter: Interpreter, node: cst.For, iterable: Any, scope: Scope) -> Any:
    """Runs the body of a loop once when its elements are not known, or when every round is the same (training)."""
    if isinstance(iterable, (int, LoaderValue)):
        element = interpreter.representative(iterable) if isinstance(iterable, LoaderValue) else iterable
    else:
        element = interpreter.representative(iterable)
        reason = f"the loop over {describe(node.iter)} has an unknown number of rounds"
        if not isinstance(iterable, (Tensor, LoaderValue)) or interpreter.building:
            interpreter.taint(reason)
            interpreter.blind(reason)
    interpreter.heap.begin()
    try:
        assign(interpreter, node.target, element, scope)
        signal = interpreter.block(node.body, scope)
    finally:
        changes = interpreter.heap.rollback()
        interpreter.heap.merge([changes], lambda values: values[0], ABSENT)
        interpreter.heap.open_lists(changes)
    return signal if isinstance(signal, Return) else None


def repeats_training(node: cst.For | cst.While) -> bool:
    """Whether a loop's body takes optimizer steps or draws batches, so that one round shows them all."""
    names = names_of(node.body)
    return bool(names & {"backward", "zero_grad"}) or (
        _calls_epoch(node) and bool(names & {"enumerate", "tqdm", "train", "step"} or _has_loop(node.body))
    )


_has_loop = NodeCache(lambda node: any(isinstance(child, cst.For) for child in node.children))


def _calls_epoch(node: cst.For | cst.While) -> bool:
    target = getattr(node, "target", None)
    return isinstance(target, cst.Name) and target.value in ("epoch", "step", "iteration", "ep", "it")


def _while(interpreter: Interpreter, node: cst.While, scope: Scope) -> Any:
    yielding = scope.activation is not None and scope.activation.yielded is not None
    for _ in range(MAX_WHILE_ROUNDS):
        known = interpreter.truth(interpreter.evaluate(node.test, scope))
        if known is False:
            return interpreter.block(node.orelse.body, scope) if node.orelse is not None else None
        signal = interpreter.block(node.body, scope)
        if isinstance(signal, Return):
            return signal
        if signal is BREAK:
            return None
        if known is None or yielding or repeats_training(node):
            if interpreter.building and known is None:
                interpreter.taint(f"the loop while {describe(node.test)} has an unknown number of rounds")
            return None
    return None


def _try(interpreter: Interpreter, node: cst.Try | cst.TryStar, scope: Scope) -> Any:
    if imports_missing(interpreter, node, scope):
        signal = interpreter.block(node.handlers[0].body, scope)
    else:
        try:
            signal = interpreter.block(node.body, scope)
            if signal is None and node.orelse is not None:
                signal = interpreter.block(node.orelse.body, scope)
        except Raised as error:
            if not node.handlers:
                raise
            able = [handler for handler in node.handlers if _handles(interpreter, handler, error, scope)]
            if not able:
                raise
            if able[0].name is not None and isinstance(able[0].name.name, cst.Name):
                interpreter.bind(able[0].name.name.value, Anything("an exception"), scope)
            signal = interpreter.block(able[0].body, scope)
    if node.finalbody is not None:
        last = interpreter.block(node.finalbody.body, scope)
        signal = last if last is not None else signal
    return signal


def _handles(interpreter: Interpreter, handler: Any, error: Raised, scope: Scope) -> bool:
    if handler.type is None:
        return True
    wanted = interpreter.evaluate(handler.type, scope)
    names = {_exception_name(option) for option in (wanted if isinstance(wanted, tuple) else (wanted,))}
    raised = error.value.cls if isinstance(error.value, Instance) else error.value
    return bool(names & {"Exception", "BaseException", _exception_name(raised)}) or _exception_name(raised) is None


def _exception_name(value: Any) -> str | None:
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    return value.name if isinstance(value, Class) else None


def _with(interpreter: Interpreter, node: cst.With, scope: Scope) -> Any:
    quiet = False
    for item in node.items:
        value = interpreter.evaluate(item.item, scope)
        quiet = quiet or _stops_gradients(value)
        if item.asname is not None:
            assign(interpreter, item.asname.name, value, scope)
    with interpreter.without_gradient(quiet):
        return interpreter.block(node.body, scope)


def _stops_gradients(value: Any) -> bool:
    return isinstance(value, External) and value.name.endswith("()") and value.name.removesuffix("()") in classes.NO_GRAD


# -- definitions -----------------------------------------------------------------------------------------------------


def _known(node: cst.FunctionDef | cst.ClassDef, scope: Scope) -> External | None:
    """A definition whose meaning is in the table of torch's API: a library's own source is read like code that imports it."""
    name = canonical(f"{scope.file.name}.{node.name.value}") if scope.parent is None else ""
    return External(name) if name in LAYERS or name in FUNCTIONS else None


def _function_definition(interpreter: Interpreter, node: cst.FunctionDef, scope: Scope) -> Any:
    if known := _known(node, scope):
        interpreter.bind(node.name.value, known, scope)
        return None
    function: Any = make_function(interpreter, node, scope)
    for decorator in reversed(node.decorators):
        function = _decorate(interpreter, decorator, function, scope)
    interpreter.bind(node.name.value, function, scope)
    return None


def _decorate(interpreter: Interpreter, decorator: cst.Decorator, function: Any, scope: Scope) -> Any:
    """Applies a decorator. One that cannot be seen is taken to return the function."""
    expression = decorator.decorator
    if isinstance(expression, cst.Attribute) and expression.attr.value in ("setter", "deleter"):
        if isinstance(function, Function):
            function.kind = "setter"
        return function
    value = interpreter.evaluate(expression, scope)
    if isinstance(value, External):
        return classes.decorate_external(interpreter, value.name, function)
    if isinstance(value, Unknown) or not callable_in_project(value):
        return function
    result = interpreter.decorated(value, function)
    return function if result is None or isinstance(result, (Unknown, External, Either)) else result


def callable_in_project(value: Any) -> bool:
    """Whether a call of the value is seen, not guessed."""
    return not isinstance(value, (Unknown, External, Tensor, Module)) and value is not None


def _class_definition(interpreter: Interpreter, node: cst.ClassDef, scope: Scope) -> Any:
    if known := _known(node, scope):
        interpreter.bind(node.name.value, known, scope)
        return None
    cls: Any = classes.make_class(interpreter, node, scope)
    for decorator in reversed(node.decorators):
        value = interpreter.evaluate(decorator.decorator, scope)
        if isinstance(value, External):
            classes.decorate_class(interpreter, value.name, cls)
        elif isinstance(value, Function) and isinstance(cls, Class):
            result = interpreter.decorated(value, cls)
            cls = result if isinstance(result, Class) else cls
    interpreter.bind(node.name.value, cls, scope)
    return None


# -- match -----------------------------------------------------------------------------------------------------------


def _match(interpreter: Interpreter, node: cst.Match, scope: Scope) -> Any:
    subject = interpreter.evaluate(node.subject, scope)
    undecided: list[cst.MatchCase] = []
    for case in node.cases:
        fits = _fits(interpreter, case.pattern, subject, scope)
        if fits and case.guard is not None:
            fits = interpreter.truth(interpreter.evaluate(case.guard, scope))
        if fits is True and not undecided:
            return interpreter.block(case.body, scope)
        if fits is not False:
            undecided.append(case)
        if fits is True:
            break
    if not undecided:
        return None
    runs: list[Callable[[], Any]] = [lambda case=case: interpreter.block(case.body, scope) for case in undecided]  # type: ignore[misc]
    return interpreter.branch(runs, f"match {describe(node.subject)}", scope.activation)


def _fits(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Any, scope: Scope) -> bool | None:
    """Whether a pattern matches: True, False, or None when that is not known. Captures are bound."""
    if isinstance(pattern, cst.MatchValue):
        return interpreter.truth(expressions.compare(interpreter, "Equal", subject, interpreter.evaluate(pattern.value, scope)))
    if isinstance(pattern, cst.MatchSingleton):
        return interpreter.truth(expressions.compare(interpreter, "Is", subject, interpreter.evaluate(pattern.value, scope)))
    if isinstance(pattern, cst.MatchOr):
        answers = [_fits(interpreter, element.pattern, subject, scope) for element in pattern.patterns]
        return True if True in answers else None if None in answers else False
    if isinstance(pattern, cst.MatchAs):
        fits = _fits(interpreter, pattern.pattern, subject, scope) if pattern.pattern is not None else True
        if fits is not False and pattern.name is not None:
            interpreter.bind(pattern.name.value, subject, scope)
        return fits
    if isinstance(pattern, (cst.MatchTuple, cst.MatchList)):
        return _fits_sequence(interpreter, pattern.patterns, subject, scope)
    if isinstance(pattern, cst.MatchMapping):
        return _fits_mapping(interpreter, pattern, subject, scope)
    if isinstance(pattern, cst.MatchClass):
        return _fits_class(interpreter, pattern, subject, scope)
    return None


def _all_fit(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def _fits_sequence(interpreter: Interpreter, patterns: Any, subject: Any, scope: Scope) -> bool | None:
    parts = interpreter.items(subject)
    if isinstance(subject, (str, bytes, dict, set)):
        return False
    if parts is None:
        return None
    star = next((i for i, element in enumerate(patterns) if isinstance(element, cst.MatchStar)), None)
    if star is not None and len(parts) >= len(patterns) - 1:
        end = len(parts) - (len(patterns) - star - 1)
        parts = [*parts[:star], AList(parts[star:end]), *parts[end:]]
    if len(parts) != len(patterns):
        return False
    answers: list[bool | None] = []
    for element, part in zip(patterns, parts, strict=True):
        if isinstance(element, cst.MatchStar):
            if element.name is not None:
                interpreter.bind(element.name.value, part, scope)
        else:
            answers.append(_fits(interpreter, element.value, part, scope))
    return _all_fit(answers)


def _fits_mapping(interpreter: Interpreter, pattern: cst.MatchMapping, subject: Any, scope: Scope) -> bool | None:
    if not isinstance(subject, dict):
        return None if isinstance(subject, (Unknown, Either)) else False
    rest = AList(subject.items())
    answers: list[bool | None] = []
    for element in pattern.elements:
        key = interpreter.evaluate(element.key, scope)
        found = [value for known, value in rest if known == key]
        rest = AList(pair for pair in rest if pair[0] != key)
        answers.append(_fits(interpreter, element.pattern, found[0], scope) if found else False)
    if pattern.rest is not None:
        interpreter.bind(pattern.rest.value, ADict(rest), scope)
    return _all_fit(answers)


def _fits_class(interpreter: Interpreter, pattern: cst.MatchClass, subject: Any, scope: Scope) -> bool | None:
    cls = interpreter.evaluate(pattern.cls, scope)
    fits = interpreter.truth(classes.is_instance(interpreter, subject, cls))
    if fits is False or (not pattern.patterns and not pattern.kwds):
        return fits
    fields = list(cls.fields or ()) if isinstance(cls, Class) else []
    if len(pattern.patterns) > len(fields):  # a type of Python's own matches its argument with the subject itself
        return _fits(interpreter, pattern.patterns[0].value, subject, scope) if len(pattern.patterns) == 1 and not fields and fits else None
    named = [
        *((name, element.value) for name, element in zip(fields, pattern.patterns, strict=False)),
        *((k.key.value, k.pattern) for k in pattern.kwds),
    ]
    answers = [_fits(interpreter, inner, objects.get_attribute(interpreter, subject, name), scope) for name, inner in named]
    return _all_fit([fits, *answers])


STATEMENTS: dict[type, Handler] = {
    cst.Expr: _expr,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Del: _delete,
    cst.Global: _global,
    cst.Nonlocal: _nonlocal,
    cst.Break: lambda interpreter, node, scope: BREAK,
    cst.Continue: lambda interpreter, node, scope: CONTINUE,
    cst.If: _if,
    cst.For: _for,
    cst.While: _while,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.With: _with,
    cst.FunctionDef: _function_definition,
    cst.ClassDef: _class_definition,
    cst.Match: _match,
}

EXECUTE.update(STATEMENTS)
