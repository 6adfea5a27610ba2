"""What a class or a network is called with when no code of the project calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import libcst as cst

from netlint.frontends.source import classes, module_tree
from netlint.frontends.source.code import flat, names_of
from netlint.frontends.source.functions import Parameter, parameters_of
from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.reach import Reach, loss_names
from netlint.frontends.source.values import MISSING, Class, External, Function, Module, Several, Tensor
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


class Alone:
    """Makes what a class or function is called with when nothing of the project calls it.

    `def __init__(self, config: GPTConfig)`, where each field of GPTConfig has a default, is taken with those defaults, as a parameter
    with a default is; `def train(model: Net)` is taken with a network made as if its class were seen alone. A class from which others
    derive, or that leaves methods to them, stands for no object.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._making: list[Class] = []
        self.partial: dict[int, Any] = {}
        """The objects made here of which not all arguments are known, by id."""

    def make(self, cls: Class) -> tuple[Any, bool]:
        """An object of a class, with its defaults; and whether all that it is made of is known then."""
        init = classes.class_attribute(cls, "__init__")
        settings = self.arguments(init, required(cls)) if isinstance(init, Function) else {}
        self._making.append(cls)
        try:
            made = self._interpreter.call(cls, [], settings)
        finally:
            self._making.pop()
        known = all(parameter.name in settings and id(settings[parameter.name]) not in self.partial for parameter in required(cls))
        if not known:
            self.partial[id(made)] = made
        return made, known

    def arguments(self, function: Function, parameters: Iterable[Parameter]) -> dict[str, Any]:
        """Objects for those of some parameters without a default that are annotated with a class of settings or of networks."""
        found: dict[str, Any] = {}
        for parameter in parameters:
            cls = self._annotated(function, parameter)
            if cls is None or any(cls in other.mro or other in cls.mro for other in self._making):
                continue
            if _has_default_settings(cls):
                found[parameter.name] = self._interpreter.call(cls, [], {})
            elif classes.is_module_class(cls) and not _is_abstract(cls):
                with self._interpreter.at(parameter.annotation, function.scope) if parameter.annotation is not None else nullcontext():
                    found[parameter.name] = self.make(cls)[0]
        return found

    def _annotated(self, function: Function, parameter: Parameter) -> Class | None:
        """The class of the project that a parameter is annotated with: `Net`, `"Net"`, `Net | None`, `Optional[Net]`."""
        node = parameter.annotation
        if isinstance(node, cst.SimpleString):
            try:
                node = cst.parse_expression(str(node.evaluated_value))
            except cst.ParserSyntaxError:
                return None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            node = node.left if isinstance(node.right, cst.Name) and node.right.value == "None" else node
        elif isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Index) and len(node.slice) == 1:
            outer = self._interpreter.evaluate(node.value, function.scope)
            node = node.slice[0].slice.value if outer == External("typing.Optional") else node
        if not isinstance(node, (cst.Name, cst.Attribute)):
            return None
        value = self._interpreter.evaluate(node, function.scope)
        return value if isinstance(value, Class) else None


def _is_abstract(cls: Class) -> bool:
    """Whether objects are of classes that derive from this one: some do in its file, or a method only raises or is left to them."""
    for statement in cls.file.syntax.body:
        for inner in flat(statement):
            if isinstance(inner, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == cls.name for base in inner.bases):
                return True
    forward = classes.class_attribute(cls, "forward")
    return not isinstance(forward, Function) or "abc.ABC" in cls.external_bases() or isinstance(_first(forward), cst.Raise)


def _first(function: Function) -> cst.CSTNode | None:
    """The first statement of a function, behind its docstring."""
    statements = [part for line in function.body.children if isinstance(line, cst.SimpleStatementLine) for part in line.body]
    written = [part for part in statements if not (isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString))]
    return written[0] if written else None


def _has_default_settings(cls: Class) -> bool:
    """Whether a class holds settings, all with defaults: not a module, and made without arguments."""
    if classes.is_module_class(cls):
        return False
    if cls.fields is not None:
        return bool(cls.fields) and all(default is not MISSING for default in cls.fields.values())
    init = classes.class_attribute(cls, "__init__")
    return isinstance(init, Function) and len(init.defaults) > 0 and not required(cls)


def missing(function: Function) -> list[Parameter]:
    """The parameters of a function or method that have no default, apart from the object that a method is called on."""
    params = parameters_of(function.node)
    positional = params.positional[1:] if function.owner is not None and function.kind != "static" else params.positional
    return [parameter for parameter in (*positional, *params.keyword_only) if parameter.name not in function.defaults]


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


def targets_of(reach: Reach, module: Module) -> frozenset[str]:
    """The optional arguments of a forward that, when given, make it compute a loss (`if labels is not None: loss = ...`)."""
    forward = forward_of(module)
    if forward is None:
        return frozenset()
    optional = {name for name, default in forward.defaults.items() if default is None}
    losses = {name for name, child in module_tree.child_modules(module) if _is_loss(reach, child)}
    found: set[str] = set()

    def computes_loss(statements: Iterable[cst.CSTNode]) -> bool:
        names = {name for statement in statements for name in names_of(statement)}
        return bool(names & losses) or bool(reach.names_coming_to(names, forward, loss_names()))

    queue: list[cst.CSTNode] = [forward.body]
    while queue and optional:
        node = queue.pop()
        if isinstance(node, cst.If) and optional & names_of(node.test) and computes_loss([node.body]):
            found |= optional & names_of(node.test)
        if isinstance(node, cst.IndentedBlock):
            for position, statement in enumerate(node.body):
                if (
                    isinstance(statement, cst.If)
                    and optional & names_of(statement.test)
                    and _returns(statement.body)
                    and computes_loss(node.body[position + 1 :])
                ):
                    found |= optional & names_of(statement.test)  # `if labels is None: return logits`
        queue.extend(child for child in node.children if isinstance(child, (cst.BaseSuite, cst.BaseCompoundStatement)))
    return frozenset(found)


def _is_loss(reach: Reach, child: Module) -> bool:
    """Whether a child of a network is a loss, torch's or one of the project's own, which learns nothing."""
    if child.operator is not None:
        return isinstance(child.operator, Loss)
    forward = forward_of(child)
    return forward is not None and not module_tree.named_parameters(child) and reach.comes_to(forward, loss_names())


def _returns(suite: cst.BaseSuite) -> bool:
    """Whether the last thing a block does is to return."""
    last = suite.body[-1] if suite.body else None
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Return)
