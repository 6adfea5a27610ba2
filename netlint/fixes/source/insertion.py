"""New layers: their constructor in `__init__` and their call in `forward`, or an element of a container."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import islice

import libcst as cst

from netlint.engine.diagnostic import Edit
from netlint.engine.rule import StateDict
from netlint.fixes.proposal import Refusal
from netlint.fixes.source import sequential
from netlint.fixes.source.code import Code, Files, Place
from netlint.fixes.source.expressions import ATOMS, wrap
from netlint.fixes.source.lowered import Lowered, applied_at, in_container, lowered
from netlint.fixes.source.names import imports_of
from netlint.fixes.source.spelling import constructor, written
from netlint.graph import Graph, Operator
from netlint.graph.operators import Pow

LOOPS = (cst.For, cst.While, cst.ListComp, cst.GeneratorExp)


@dataclass(slots=True)
class Taken:
    """The names that fixes of one pass have given to new layers, so that no two of them choose the same."""

    names: dict[str, set[str]] = field(default_factory=dict)
    chosen: dict[tuple[str, object, str], str] = field(default_factory=dict)

    def free(self, code: Code, base: str, owner: object, also: set[str]) -> str:
        """A name that nothing in the file and in the network has; the same one each time for the same owner and kind."""
        filename = code.file.filename
        if (filename, owner, base) not in self.chosen:
            used = self.names.setdefault(filename, _attributes(code))
            name, number = base, 1
            while name in used or name in also:
                number += 1
                name = f"{base}{number}"
            used.add(name)
            self.chosen[filename, owner, base] = name
        return self.chosen[filename, owner, base]


def _attributes(code: Code) -> set[str]:
    nodes = list(ast.walk(code.file.syntax))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


@dataclass(frozen=True, slots=True)
class Method:
    """The method of a module class that a call stands in."""

    function: Place
    owner: Place
    this: str
    """What the method calls its object (`self`)."""


def method_of(call: Place) -> Method:
    """Raises Refusal for a call outside the methods of a class."""
    function = call.around(cst.FunctionDef, cst.Lambda)
    block = function.parent if function is not None else None
    owner = block.parent if block is not None else None
    if function is None or owner is None or not isinstance(owner.node, cst.ClassDef) or not isinstance(function.node, cst.FunctionDef):
        raise Refusal("it does not stand in a method of a module")
    parameters = function.node.params.posonly_params + function.node.params.params  # type: ignore[operator]
    static = any("staticmethod" in function.at(decorator).text for decorator in function.node.decorators)
    if not parameters or static:
        raise Refusal("it stands in a static method")
    return Method(function, owner, parameters[0].name.value)


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A layer that does not exist yet: how it is called, and the edits that make it."""

    attribute: str
    edits: tuple[Edit, ...]


def new_layer(files: Files, call: Place, template: Operator, beside: Operator, graph: Graph, taken: Taken) -> NewLayer:
    """A layer with a free name, constructed in `__init__` behind the layer that it belongs to."""
    text, imports = constructor(template, imports_of(call.code))
    layer = layer_from(files, call, text, template.name.lower(), beside, graph, taken)
    return NewLayer(layer.attribute, (*layer.edits, *imports))


def layer_from(files: Files, call: Place, text: str, base: str, beside: Operator, graph: Graph, taken: Taken) -> NewLayer:
    """The same for a constructor that is written already; `base` is what the name begins with."""
    method = method_of(call)
    init = next((place for place in _methods(method.owner) if place.node.name.value == "__init__"), None)  # type: ignore[attr-defined]
    if init is None or not isinstance(init.node, cst.FunctionDef) or not isinstance(init.node.body, cst.IndentedBlock):
        raise Refusal("the class has no `__init__` of its own to make the layer in")
    parameters = init.node.params.posonly_params + init.node.params.params  # type: ignore[operator]
    if not parameters:
        raise Refusal("`__init__` has no parameter for the object itself")
    also = set(beside.scope.children) if beside.scope is not None else set()
    name = taken.free(call.code, base, call.node, also)
    line = _line_behind(files, init, beside, graph)
    code = call.code
    row = code.row(line.span[1])
    end = code.line(row)[1]
    statement = f"\n{code.indent(code.row(line.span[0]))}{parameters[0].name.value}.{name} = {text}"
    return NewLayer(f"{method.this}.{name}", (code.edit((end, end), statement),))


def _methods(owner: Place) -> list[Place]:
    assert isinstance(owner.node, cst.ClassDef)
    return [owner.at(node) for node in owner.node.body.body if isinstance(node, cst.FunctionDef)]


def _line_behind(files: Files, init: Place, beside: Operator, graph: Graph) -> Place:
    """The statement of `__init__` behind which a new layer is made: that of the nearest layer before it, else the last assignment."""
    assert isinstance(init.node, cst.FunctionDef)
    statements: dict[cst.CSTNode, Place] = {
        node: init.at(node) for node in init.node.body.body if isinstance(node, cst.SimpleStatementLine)
    }
    operator: Operator | None = beside
    while operator is not None:
        if operator.layer is not None and operator.layer.site is not None:
            line = files.place(operator.layer.site).around(cst.SimpleStatementLine)
            if line is not None and line.node in statements:
                return statements[line.node]
        operator = operator.inputs[0] if operator.inputs else None
    last = init.node.body.body[-1]
    if not isinstance(last, cst.SimpleStatementLine):
        raise Refusal("`__init__` has no plain line behind which the layer could be made")
    return init.at(last)


def once_per_call(call: Place, operator: Operator, graph: Graph) -> None:
    """Raises Refusal if one call serves several layers of depth, so that a new layer with parameters would be shared by them."""
    method = method_of(call)
    inner = {place.node for place in call.ancestors() if isinstance(place.node, LOOPS) and place.span[0] >= method.function.span[0]}
    if inner:
        raise Refusal("the call stands in a loop: one new layer would serve all its rounds")
    assert isinstance(method.function.node, cst.FunctionDef)
    if method.function.node.name.value == "forward":
        return
    at_the_call = applied_at(operator.site)
    same = (other for other in graph.operators if at_the_call(other) and other.scope is operator.scope)
    if len(list(islice(same, 2))) > 1:
        raise Refusal("the call serves several places of the network")


def insert_after(files: Files, graph: Graph, after: Operator, new: Operator, taken: Taken) -> Lowered:
    """Applies a new operator to the result of another."""
    if in_container(after):
        assert after.layer is not None
        text, imports = constructor(new, imports_of(files.place(after.layer.site).code))
        result = sequential.insert(files, after, text, new)
        return lowered(
            result.message,
            files.place(after.layer.site),
            (*result.edits, *imports),
            result.reaches,
            result.subjects,
            state_dict=result.state_dict,
            caveats=result.caveats,
        )
    call = files.place(after.site)
    if not isinstance(call.node, cst.BaseExpression):
        raise Refusal(f"the {after.name} is not an expression")
    if isinstance(new, Pow):
        return lowered(f"Square the {after.name}", call, _power(call, new), applied_at(after.site), (after,), state_dict=StateDict.SAME)
    if new.parameter_shapes():
        once_per_call(call, after, graph)
    layer = new_layer(files, call, new, after, graph, taken)
    return lowered(
        f"Apply a new {new.name}, `{layer.attribute}`, to the result of the {after.name}",
        call,
        (*wrap(call, f"{layer.attribute}(", ")"), *layer.edits),
        applied_at(after.site),
        (after,),
        state_dict=StateDict.BREAKS if new.parameter_shapes() else StateDict.SAME,
    )


def _power(call: Place, new: Pow) -> list[Edit]:
    exponent = new.exponent
    text = written(int(exponent) if isinstance(exponent, float) and exponent == int(exponent) else exponent)
    loose = not isinstance(call.node, ATOMS)
    return wrap(call, "(" if loose else "", f"{')' if loose else ''}.pow({text})")
