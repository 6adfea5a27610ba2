"""Expressions: how each kind of LibCST expression is evaluated."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import libcst as cst

from netlint.frontends.source import classes, module_methods, objects, tensors
from netlint.frontends.source.code import NodeCache
from netlint.frontends.source.functions import make_function
from netlint.frontends.source.heap import ADict, AList, ASet, OpenList, leaves
from netlint.frontends.source.interpreter import EVALUATE, Handler, Interpreter, same
from netlint.frontends.source.values import (
    ABSENT,
    Anything,
    Class,
    Either,
    External,
    Instance,
    Module,
    ParameterValue,
    Scope,
    Several,
    Tensor,
)
from netlint.frontends.torch_api.spec import Rest
from netlint.graph.unknown import Unknown

PLAIN = (bool, int, float, complex, str, bytes, type(None))


_DIGITS = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_PLAIN_STRING = re.compile(r"""(["'])(?!\1)[^"'\\\n]*\1""")
"""A number or a text that is what it looks like: most are, and Python's own reader compiles each anew."""


def _read_literal(node: Any) -> Any:
    if _DIGITS.fullmatch(node.value):
        return int(node.value)
    if _PLAIN_STRING.fullmatch(node.value):
        return node.value[1:-1]
    try:
        return node.evaluated_value
    except (ValueError, SyntaxError):
        return Unknown("a literal that cannot be read")


_literal = NodeCache(_read_literal)


def _name(interpreter: Interpreter, node: cst.Name, scope: Scope) -> Any:
    match node.value:
        case "None":
            return None
        case "True":
            return True
        case "False":
            return False
    return interpreter.lookup(node.value, scope)


def _attribute(interpreter: Interpreter, node: cst.Attribute, scope: Scope) -> Any:
    value = interpreter.evaluate(node.value, scope)
    if isinstance(value, (Tensor, Module, Instance)):
        before = interpreter.place(node, scope)
        found = objects.get_attribute(interpreter, value, node.attr.value)
        interpreter.site = before
        return found
    return objects.get_attribute(interpreter, value, node.attr.value)


def _call(interpreter: Interpreter, node: cst.Call, scope: Scope) -> Any:
    if isinstance(node.func, cst.Name) and node.func.value == "super":
        return classes.make_super(interpreter, node, scope)
    if isinstance(node.func, cst.Name) and node.func.value in ("locals", "vars") and not node.args:
        return ADict(scope.variables)
    if isinstance(node.func, cst.Name) and node.func.value == "globals" and not node.args:
        return ADict({name: interpreter.global_name(name, scope.file) for name in scope.file.bindings})
    function = interpreter.evaluate(node.func, scope)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    opened: Unknown | None = None
    for arg in node.args:
        value = interpreter.evaluate(arg.value, scope)
        if arg.star == "*":
            found = interpreter.items(value)
            if found is None:
                opened = Rest("passed through `*` from something unknown")
                if isinstance(value, OpenList):
                    args.extend(value)
            else:
                args.extend(found)
        elif arg.star == "**":
            if isinstance(value, dict):
                kwargs.update({key: item for key, item in value.items() if isinstance(key, str)})
            else:
                opened = Unknown("passed through `**` from something unknown")
        elif arg.keyword is not None:
            kwargs[arg.keyword.value] = value
        else:
            args.append(value)
    before = interpreter.place(node, scope)
    result = interpreter.call(function, args, kwargs, opened)
    interpreter.site = before
    return result


def _tuple(interpreter: Interpreter, node: cst.Tuple, scope: Scope) -> Any:
    found = _elements(interpreter, node, scope)
    return found if isinstance(found, OpenList) else tuple(found)


def _list(interpreter: Interpreter, node: cst.List, scope: Scope) -> Any:
    return _elements(interpreter, node, scope)


def _elements(interpreter: Interpreter, node: cst.Tuple | cst.List | cst.Set, scope: Scope) -> AList:
    found = AList()
    complete = True
    for element in node.elements:
        value = interpreter.evaluate(element.value, scope)
        if isinstance(element, cst.StarredElement):
            items = interpreter.items(value)
            found.extend(items if items is not None else [interpreter.representative(value)])
            complete = complete and items is not None
        else:
            found.append(value)
        if len(found) > interpreter.limits.elements:
            return OpenList(found[: interpreter.limits.elements])
    return found if complete else OpenList(found)


def _set(interpreter: Interpreter, node: cst.Set, scope: Scope) -> Any:
    return ASet(value for value in _elements(interpreter, node, scope) if _hashable(value))


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _dict(interpreter: Interpreter, node: cst.Dict, scope: Scope) -> Any:
    found = ADict()
    for element in node.elements:
        value = interpreter.evaluate(element.value, scope)
        if isinstance(element, cst.DictElement):
            key = interpreter.evaluate(element.key, scope)
            if isinstance(key, Unknown) or not _hashable(key):
                return Anything("a dictionary with an unknown key")
            found[key] = value
        elif isinstance(value, dict):
            found.update(value)
        else:
            return Anything("a dictionary made from something unknown")
    return found


# -- comprehensions ----------------------------------------------------------------------------------------------------


def _comprehension(interpreter: Interpreter, node: Any, scope: Scope, produce: Callable[[Scope], Any]) -> AList:
    inner = Scope(scope.file, scope, scope.name, scope.piece, is_comprehension=True, activation=scope.activation)
    results = AList()
    complete = _run_comprehension(interpreter, node.for_in, inner, lambda: results.append(produce(inner)))
    return results if complete else OpenList(results)


def _run_comprehension(interpreter: Interpreter, part: cst.CompFor, scope: Scope, emit: Callable[[], None]) -> bool:
    """Runs the loops of a comprehension; False if the number of rounds is not known."""
    from netlint.frontends.source.statements import assign

    iterable = interpreter.evaluate(part.iter, scope)
    items = interpreter.items(iterable)
    complete = items is not None and len(items) <= interpreter.limits.elements
    for item in items if items is not None and complete else [interpreter.representative(iterable)]:
        interpreter.step()
        complete = complete and not (isinstance(item, Either) and ABSENT in item.options)
        assign(interpreter, part.target, interpreter.present(item, "an element"), scope)
        verdicts = [interpreter.truth(interpreter.evaluate(condition.test, scope)) for condition in part.ifs]
        if False in verdicts:
            continue
        complete = complete and None not in verdicts
        if part.inner_for_in is not None:
            complete = _run_comprehension(interpreter, part.inner_for_in, scope, emit) and complete
        else:
            emit()
    return complete


def _list_comprehension(interpreter: Interpreter, node: cst.ListComp | cst.GeneratorExp, scope: Scope) -> Any:
    return _comprehension(interpreter, node, scope, lambda inner: interpreter.evaluate(node.elt, inner))


def _set_comprehension(interpreter: Interpreter, node: cst.SetComp, scope: Scope) -> Any:
    values = _comprehension(interpreter, node, scope, lambda inner: interpreter.evaluate(node.elt, inner))
    return ASet(value for value in values if _hashable(value))


def _dict_comprehension(interpreter: Interpreter, node: cst.DictComp, scope: Scope) -> Any:
    def pair(inner: Scope) -> tuple[Any, Any]:
        return interpreter.evaluate(node.key, inner), interpreter.evaluate(node.value, inner)

    pairs = _comprehension(interpreter, node, scope, pair)
    if isinstance(pairs, OpenList) or any(isinstance(key, Unknown) or not _hashable(key) for key, _ in pairs):
        return Anything("a dictionary with an unknown key")
    return ADict(pairs)


# -- strings -------------------------------------------------------------------------------------------------------------


_WIDE = re.compile(r"\d{4}")
"""A width of a formatted value that nobody needs."""


def _formatted(interpreter: Interpreter, node: cst.FormattedString, scope: Scope) -> Any:
    parts: list[str] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            parts.append(part.value.replace("{{", "{").replace("}}", "}"))
            continue
        if not isinstance(part, cst.FormattedStringExpression):
            return Unknown("a formatted string")
        value = interpreter.evaluate(part.expression, scope)
        if not isinstance(value, PLAIN):
            return Unknown("a formatted string with an unknown part")
        spec = "".join(p.value for p in part.format_spec or () if isinstance(p, cst.FormattedStringText))
        if _WIDE.search(spec) or (part.format_spec and len(spec) == 0):
            return Unknown("a formatted string")
        try:
            parts.append(format(repr(value) if part.conversion == "r" else value, spec))
        except (ValueError, TypeError):
            return Unknown("a formatted string")
        if sum(map(len, parts)) > interpreter.limits.elements:
            return Unknown("a string too long to follow")
    return "".join(parts)


def _concatenated(interpreter: Interpreter, node: cst.ConcatenatedString, scope: Scope) -> Any:
    left, right = interpreter.evaluate(node.left, scope), interpreter.evaluate(node.right, scope)
    if (isinstance(left, str) and isinstance(right, str)) or (isinstance(left, bytes) and isinstance(right, bytes)):
        return left + right  # type: ignore[operator]
    return Unknown("a formatted string with an unknown part")


# -- operators -------------------------------------------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "Divide": operator.truediv,
    "FloorDivide": operator.floordiv,
    "Modulo": operator.mod,
    "Power": operator.pow,
    "MatrixMultiply": operator.matmul,
    "BitAnd": operator.and_,
    "BitOr": operator.or_,
    "BitXor": operator.xor,
    "LeftShift": operator.lshift,
    "RightShift": operator.rshift,
}
METHODS = {
    "Add": "__add__",
    "Subtract": "__sub__",
    "Multiply": "__mul__",
    "Divide": "__truediv__",
    "FloorDivide": "__floordiv__",
    "Modulo": "__mod__",
    "BitOr": "__or__",
    "BitAnd": "__and__",
}


def _binary(interpreter: Interpreter, node: cst.BinaryOperation, scope: Scope) -> Any:
    left = interpreter.evaluate(node.left, scope)
    right = interpreter.evaluate(node.right, scope)
    before = interpreter.place(node, scope)
    result = binary(interpreter, type(node.operator).__name__, left, right)
    interpreter.site = before
    return result


def binary(interpreter: Interpreter, symbol: str, left: Any, right: Any, inplace: bool = False) -> Any:
    """`left <symbol> right`, where symbol is LibCST's name of the operator."""
    if isinstance(left, (Tensor, ParameterValue, Several)) or isinstance(right, (Tensor, ParameterValue, Several)):
        return tensors.tensor_binary(interpreter, symbol, left, right, inplace)
    if isinstance(left, Either):
        runs = [
            lambda x=x: binary(interpreter, symbol, x, right)
            for x in left.options
            if x is not ABSENT and (x is not None or len(left.options) == 1)
        ]
        return interpreter.choose(runs, "which value it is") if runs else Anything("an operand that may be missing")
    if isinstance(right, Either):
        runs = [lambda x=x: binary(interpreter, symbol, left, x) for x in right.options if x is not ABSENT and x is not None]
        return interpreter.choose(runs, "which value it is") if runs else Anything("an operand that may be missing")
    if isinstance(left, Module) and symbol == "Add" and left.container is not None:
        return module_methods.concatenate(interpreter, left, right)
    if isinstance(left, Instance):
        method = classes.class_attribute(left.cls, METHODS.get(symbol, ""))
        if method is not None:
            return interpreter.call(method, [left, right], {})
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        first = left if isinstance(left, Unknown) else right
        return (
            Anything(first.reason)
            if isinstance(first, Anything) and not isinstance(left, PLAIN) and not isinstance(right, PLAIN)
            else Unknown(first.reason)
        )
    return _compute(interpreter, symbol, left, right)


def _compute(interpreter: Interpreter, symbol: str, left: Any, right: Any) -> Any:
    if isinstance(left, OpenList) or isinstance(right, OpenList):
        if symbol == "Add" and isinstance(left, list) and isinstance(right, list):
            return OpenList([*left, *right])
        return left if isinstance(left, OpenList) else right
    if symbol in ("Add", "BitOr") and hasattr(left, "__len__") and hasattr(right, "__len__"):
        interpreter.spend(len(left) + len(right))
        if len(left) + len(right) > interpreter.limits.elements:
            return Anything("a sequence too long to follow")
    if symbol == "Multiply":
        most = interpreter.limits.elements
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(count, int) and len(sequence) * count > most:
                return Unknown("a sequence too long to follow")
    if (
        symbol in ("Power", "LeftShift")
        and isinstance(left, int)
        and isinstance(right, int)
        and (abs(right) > 256 or left.bit_length() > 256)
    ):
        return Unknown("a number too large to follow")
    if isinstance(left, int) and isinstance(right, int) and (max(left.bit_length(), right.bit_length()) > interpreter.limits.bits):
        return Unknown("a number too large to follow")
    if isinstance(left, str) and symbol == "Modulo":
        parts = right if isinstance(right, tuple) else (right,)
        if (
            len(left) > 1000
            or "*" in left
            or any(not isinstance(part, PLAIN) for part in parts)
            or any(c.isdigit() for c in left.replace("%02d", ""))
            or left.count("%") * max((len(part) for part in parts if isinstance(part, (str, bytes))), default=0)
            > interpreter.limits.elements
        ):
            return Unknown("a formatted string")
    if not isinstance(left, (*PLAIN, list, tuple, dict, set, range)) or not isinstance(right, (*PLAIN, list, tuple, dict, set, range)):
        return Anything("an operation on objects that is not followed")
    try:
        result = ARITHMETIC[symbol](left, right)
    except (TypeError, ValueError, ArithmeticError, KeyError, MemoryError):
        return Unknown("an operation that fails")
    return _wrap(result)


def _wrap(value: Any) -> Any:
    if type(value) is list:
        return AList(value)
    if type(value) is dict:
        return ADict(value)
    return ASet(value) if type(value) is set else value


def _unary(interpreter: Interpreter, node: cst.UnaryOperation, scope: Scope) -> Any:
    value = interpreter.evaluate(node.expression, scope)
    if isinstance(node.operator, cst.Not):
        known = interpreter.truth(value)
        return Unknown(value.reason if isinstance(value, Unknown) else "a condition that is not known") if known is None else not known
    if isinstance(value, (Tensor, ParameterValue, Several)):
        with interpreter.at(node, scope):
            return tensors.tensor_unary(interpreter, type(node.operator).__name__, value)
    if isinstance(value, (bool, int, float)):
        if isinstance(node.operator, cst.Minus):
            return -value
        if isinstance(node.operator, cst.Plus):
            return value
        return ~value if isinstance(value, int) else Unknown("an operation that fails")
    return Unknown(value.reason) if isinstance(value, Unknown) else Unknown("a negated object")


def _boolean(interpreter: Interpreter, node: cst.BooleanOperation, scope: Scope) -> Any:
    left = interpreter.evaluate(node.left, scope)
    known = interpreter.truth(left)
    is_and = isinstance(node.operator, cst.And)
    if known is not None:
        return interpreter.evaluate(node.right, scope) if known is is_and else left
    right = interpreter.choose([lambda: interpreter.evaluate(node.right, scope)], "a condition")
    truth = interpreter.truth(right)
    if truth is not None and truth is not is_and and isinstance(right, bool):
        return right
    if is_and:
        return Unknown(left.reason) if isinstance(left, Unknown) else Unknown("a condition that is not known")
    if isinstance(left, Unknown) and not isinstance(left, Anything) and isinstance(right, (bool, Unknown)):
        return Unknown(left.reason)
    if isinstance(left, Either):
        left_options = [option for option in left.options if option is not None and option is not ABSENT]
        return interpreter.join([*left_options, right], "a condition")
    return interpreter.join([left, right], "a condition")


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "LessThan": operator.lt,
    "LessThanEqual": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEqual": operator.ge,
}


def _comparison(interpreter: Interpreter, node: cst.Comparison, scope: Scope) -> Any:
    left = interpreter.evaluate(node.left, scope)
    result: Any = True
    for part in node.comparisons:
        right = interpreter.evaluate(part.comparator, scope)
        before = interpreter.place(node, scope)
        result = compare(interpreter, type(part.operator).__name__, left, right)
        interpreter.site = before
        known = interpreter.truth(result)
        if known is False or (known is None and len(node.comparisons) > 1):
            return result
        left = right
    return result


def compare(interpreter: Interpreter, symbol: str, left: Any, right: Any) -> Any:
    """A comparison; Unknown if it cannot be decided."""
    if isinstance(left, Either) or isinstance(right, Either):
        return _compare_either(interpreter, symbol, left, right)
    if symbol in ("Is", "IsNot", "Equal", "NotEqual") and (left is None or right is None):
        equal = _is_none(left) if right is None else _is_none(right)
        if equal is None:
            unknown = left if isinstance(left, Unknown) else right
            return Unknown(unknown.reason)
        return equal if symbol in ("Is", "Equal") else not equal
    if symbol in ("In", "NotIn"):
        found = _contains(interpreter, left, right)
        return found if isinstance(found, Unknown) else found if symbol == "In" else not found
    if isinstance(left, (Tensor, ParameterValue)) or isinstance(right, (Tensor, ParameterValue)):
        return tensors.tensor_compare(interpreter, symbol, left, right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        if left is right and symbol in ("Is", "Equal", "LessThanEqual", "GreaterThanEqual"):
            return True
        if left is right and symbol in ("IsNot", "NotEqual"):
            return False
        return Unknown((left if isinstance(left, Unknown) else right).reason)
    if symbol in ("Is", "Equal", "NotEqual", "IsNot"):
        equal = _equal(interpreter, left, right)
        if equal is None:
            return Unknown("a comparison of values that are not fully known")
        return equal if symbol in ("Is", "Equal") else not equal
    if has_unknown(left) or has_unknown(right):
        return Unknown("a comparison of values that are not fully known")
    try:
        return bool(COMPARE[symbol](left, right))
    except (TypeError, KeyError):
        return Unknown("a comparison that fails")


def _compare_either(interpreter: Interpreter, symbol: str, left: Any, right: Any) -> Any:
    lefts = left.options if isinstance(left, Either) else (left,)
    rights = right.options if isinstance(right, Either) else (right,)
    answers = [compare(interpreter, symbol, None if a is ABSENT else a, None if b is ABSENT else b) for a in lefts for b in rights]
    return interpreter.join(answers, "which value is compared")


def _is_none(value: Any) -> bool | None:
    if value is None:
        return True
    return None if isinstance(value, Anything) else False


def has_unknown(value: Any) -> bool:
    """Whether a value or an element of it is not known."""
    found = leaves(value)
    return found is None or any(isinstance(item, (Unknown, Either)) for item in found)


def _equal(interpreter: Interpreter, left: Any, right: Any) -> bool | None:
    if same(left, right):
        return True
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if isinstance(left, list) != isinstance(right, list) or len(left) != len(right):
            return False
        if leaves(left) is None:
            return None
        answers = [interpreter.truth(compare(interpreter, "Equal", a, b)) for a, b in zip(left, right, strict=True)]
        return False if False in answers else None if None in answers else True
    if has_unknown(left) or has_unknown(right):
        return None
    if isinstance(left, External) and isinstance(right, External):
        from netlint.frontends.torch_api import canonical

        return canonical(left.name) == canonical(right.name)
    try:
        return bool(left == right)
    except TypeError:
        return False


def _contains(interpreter: Interpreter, item: Any, container: Any) -> Any:
    if isinstance(container, str):
        return item in container if isinstance(item, str) else Unknown("whether a string contains something unknown")
    if isinstance(item, Unknown):
        return Unknown(item.reason)
    if isinstance(container, (dict, set)):
        return item in container if _hashable(item) else False
    if isinstance(container, Module):
        return item in container.children or item in container.parameters
    if isinstance(container, Class) and container.members is not None:
        return any(item is member for member in container.members.values())
    items = interpreter.items(container)
    if items is None:
        return Unknown("whether something unknown contains a value")
    answers = [interpreter.truth(compare(interpreter, "Equal", item, element)) for element in items]
    if True in answers:
        return True
    return Unknown("whether a list that is not fully known contains a value") if None in answers else False


# -- the rest ----------------------------------------------------------------------------------------------------------------


def _conditional(interpreter: Interpreter, node: cst.IfExp, scope: Scope) -> Any:
    from netlint.frontends.source.statements import describe, narrow

    known = interpreter.truth(interpreter.evaluate(node.test, scope))
    if known is not None:
        return interpreter.evaluate(node.body if known else node.orelse, scope)

    def taken() -> Any:
        narrow(interpreter, node.test, scope, True)
        return interpreter.evaluate(node.body, scope)

    def not_taken() -> Any:
        narrow(interpreter, node.test, scope, False)
        return interpreter.evaluate(node.orelse, scope)

    return interpreter.choose([taken, not_taken], describe(node.test))


def _lambda(interpreter: Interpreter, node: cst.Lambda, scope: Scope) -> Any:
    return make_function(interpreter, node, scope)


def index_of(interpreter: Interpreter, node: cst.Subscript, scope: Scope) -> Any:
    """The value between the brackets."""
    parts: list[Any] = []
    for element in node.slice:
        if isinstance(element.slice, cst.Slice):
            piece = element.slice
            parts.append(
                slice(*(interpreter.evaluate(e, scope) if e is not None else None for e in (piece.lower, piece.upper, piece.step)))
            )
        elif isinstance(element.slice, cst.Index):
            value = interpreter.evaluate(element.slice.value, scope)
            parts.extend((interpreter.items(value) or [Unknown("an unknown index")]) if element.slice.star else [value])
    return parts[0] if len(parts) == 1 and not isinstance(node.slice[-1].comma, cst.Comma) else tuple(parts)


def _subscript(interpreter: Interpreter, node: cst.Subscript, scope: Scope) -> Any:
    container = interpreter.evaluate(node.value, scope)
    index = index_of(interpreter, node, scope)
    before = interpreter.place(node, scope)
    found = objects.get_item(interpreter, container, index)
    interpreter.site = before
    return found


def _walrus(interpreter: Interpreter, node: cst.NamedExpr, scope: Scope) -> Any:
    value = interpreter.evaluate(node.value, scope)
    if isinstance(node.target, cst.Name):
        while scope.is_comprehension and scope.parent is not None:  # PEP 572: the name belongs to the code around the comprehension
            scope = scope.parent
        interpreter.bind(node.target.value, value, scope)
    return value


def _yield(interpreter: Interpreter, node: cst.Yield, scope: Scope) -> Any:
    activation = scope.activation
    if activation is None or activation.yielded is None or node.value is None:
        return None
    if isinstance(node.value, cst.From):
        value = interpreter.evaluate(node.value.item, scope)
        found = interpreter.items(value)
    else:
        found = [interpreter.evaluate(node.value, scope)]
    interpreter.heap.touch(activation.yielded)
    activation.yielded.extend(found if found is not None else [Anything("a generator that is not followed")])
    return None


EXPRESSIONS: dict[type, Handler] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Integer: lambda interpreter, node, scope: _literal(node),
    cst.Float: lambda interpreter, node, scope: _literal(node),
    cst.Imaginary: lambda interpreter, node, scope: _literal(node),
    cst.SimpleString: lambda interpreter, node, scope: _literal(node),
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _formatted,
    cst.Tuple: _tuple,
    cst.List: _list,
    cst.Set: _set,
    cst.Dict: _dict,
    cst.ListComp: _list_comprehension,
    cst.GeneratorExp: _list_comprehension,
    cst.SetComp: _set_comprehension,
    cst.DictComp: _dict_comprehension,
    cst.BinaryOperation: _binary,
    cst.UnaryOperation: _unary,
    cst.BooleanOperation: _boolean,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.Lambda: _lambda,
    cst.Subscript: _subscript,
    cst.NamedExpr: _walrus,
    cst.Yield: _yield,
    cst.Await: lambda interpreter, node, scope: interpreter.evaluate(node.expression, scope),
    cst.Ellipsis: lambda interpreter, node, scope: ...,
}
EVALUATE.update(EXPRESSIONS)
