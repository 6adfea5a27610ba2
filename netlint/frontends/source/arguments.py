"""What a class or a network is called with when no code of the project calls it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import libcst as cst

from netlint.frontends.source import classes, module_tree
from netlint.frontends.source.code import names_of
from netlint.frontends.source.functions import Parameter, parameters_of
from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.values import MISSING, Class, Function, Module, Several, Tensor
from netlint.graph import Shape, Unknown
from netlint.graph.operators import Input, Loss


def required(cls: Class) -> list[Parameter]:
    """The parameters of a constructor that have no default."""
    init = classes.class_attribute(cls, "__init__")
    if not isinstance(init, Function):
        return []
    params = parameters_of(init.node)
    missing = [p for p in (*params.positional[1:], *params.keyword_only) if p.name not in init.defaults]
    return [*missing, *([Parameter(params.star, None, None)] if params.star is not None else [])]


def configurations(interpreter: Interpreter, cls: Class) -> dict[str, Any]:
    """Default objects for the required parameters of a constructor that are annotated with a class of settings.

    `def __init__(self, config: GPTConfig)`, where each field of GPTConfig has a default, is taken with those defaults, as a parameter
    with a default is.
    """
    init = classes.class_attribute(cls, "__init__")
    found: dict[str, Any] = {}
    for parameter in required(cls) if isinstance(init, Function) else ():
        if parameter.annotation is None:
            continue
        annotated = interpreter.evaluate(parameter.annotation, init.scope)
        if isinstance(annotated, Class) and _has_default_settings(annotated):
            found[parameter.name] = interpreter.call(annotated, [], {})
    return found


def _has_default_settings(cls: Class) -> bool:
    """Whether a class holds settings, all with defaults: not a module, and made without arguments."""
    if classes.is_module_class(cls):
        return False
    if cls.fields is not None:
        return bool(cls.fields) and all(default is not MISSING for default in cls.fields.values())
    init = classes.class_attribute(cls, "__init__")
    return isinstance(init, Function) and len(init.defaults) > 0 and not required(cls)


def arguments_of(
    interpreter: Interpreter, module: Module, shapes: tuple[Shape, ...], extra: frozenset[str] = frozenset()
) -> tuple[list[Any], dict[str, Any]]:
    """Symbolic arguments for a module's forward: those it requires, and the optional ones of `extra`."""
    remaining = list(shapes)

    def tensor(label: str) -> Tensor:
        shape = remaining.pop(0) if remaining else None
        return Tensor(interpreter.emit(Input(label=label, shape=shape, site=module.layer.site)))

    forward = forward_of(module)
    if forward is None:
        return [tensor("input")], {}
    params = parameters_of(forward.node)
    args: list[Any] = []
    positional = params.positional[1:] if forward.kind != "static" else params.positional
    for parameter in positional:
        if parameter.name in forward.defaults:
            # Where all arguments are optional, the first is the data.
            if (remaining or not args) and forward.defaults[parameter.name] is None:
                args.append(tensor(parameter.name))
                continue
            break
        annotation = cst.Module([]).code_for_node(parameter.annotation) if parameter.annotation is not None else ""
        if annotation in ("int", "bool", "float", "str"):
            args.append(Unknown(f"argument `{parameter.name}` of forward"))
        elif annotation.startswith(("List[", "list[", "Tuple[", "tuple[", "Sequence[")) and "ensor" in annotation:
            args.append(Several(tensor(parameter.name).operator))
        else:
            args.append(tensor(parameter.name))
    kwargs = {p.name: tensor(p.name) for p in params.keyword_only if p.name not in forward.defaults}
    kwargs.update({p.name: tensor(p.name) for p in (*positional[len(args) :], *params.keyword_only) if p.name in extra})
    if params.star is not None and len(args) == len(positional):
        args.append(tensor(params.star))
    return args, kwargs


def forward_of(module: Module) -> Function | None:
    forward = classes.class_attribute(module.cls, "forward") if isinstance(module.cls, Class) else None
    return forward if isinstance(forward, Function) else None


def targets_of(module: Module) -> frozenset[str]:
    """The optional arguments of a forward that, when given, make it compute a loss (`if labels is not None: loss = ...`)."""
    forward = forward_of(module)
    if forward is None:
        return frozenset()
    optional = {name for name, default in forward.defaults.items() if default is None}
    losses = {name for name, child in module_tree.child_modules(module) if isinstance(child.operator, Loss)}
    found: set[str] = set()
    queue: list[cst.CSTNode] = [forward.node.body]
    while queue and optional:
        node = queue.pop()
        if isinstance(node, cst.If) and _names_loss([node.body], losses):
            found |= optional & names_of(node.test)
        if isinstance(node, cst.IndentedBlock):
            for position, statement in enumerate(node.body):
                if isinstance(statement, cst.If) and _returns(statement.body) and _names_loss(node.body[position + 1 :], losses):
                    found |= optional & names_of(statement.test)  # `if labels is None: return logits`
        queue.extend(child for child in node.children if isinstance(child, (cst.BaseSuite, cst.BaseCompoundStatement)))
    return frozenset(found)


def _names_loss(statements: Iterable[cst.CSTNode], losses: set[str]) -> bool:
    names = {name for statement in statements for name in names_of(statement)}
    return bool(names & losses) or any("loss" in name.lower() or "entropy" in name for name in names)


def _returns(suite: cst.BaseSuite) -> bool:
    """Whether the last thing a block does is to return."""
    last = suite.body[-1] if suite.body else None
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Return)
