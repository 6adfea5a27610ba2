"""The values of the interpreted program.

Numbers, strings, None, tuples, ranges and slices are Python's own; lists, dictionaries and sets are the containers of
`heap`; everything else is one of the classes here. What is not known is `Unknown`; what may even be a module is `Anything`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netlint.frontends.source.code import names_of
from netlint.frontends.source.heap import ADict
from netlint.graph.operator import Operator
from netlint.graph.parameter import Layer, Parameter
from netlint.graph.training import Loader, Optimizer
from netlint.graph.unknown import Shape, Unknown

if TYPE_CHECKING:
    import libcst as cst

    from netlint.frontends.source.code import Body, Slice, SourceFile
    from netlint.frontends.source.interpreter import Interpreter


NUMBER = (bool, int, float)
"""Python's own numbers that the interpreter computes with."""


class Anything(Unknown):
    """An unknown that may be any object, a module or a tensor as well as a number."""

    __slots__ = ()


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ABSENT = _Marker("ABSENT")
"""In an Either: the alternative in which there is nothing (an attribute not set, a list element not appended)."""


@dataclass(eq=False, frozen=True, slots=True)
class External:
    """A name that is defined outside the project, by its qualified name (`torch.nn.Conv2d`, `torch.float32`)."""

    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, External) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(eq=False, frozen=True, slots=True)
class Namespace:
    """A module of the project, as the value of an import."""

    file: SourceFile


@dataclass(eq=False, frozen=True, slots=True)
class LazyImport:
    """A name bound by an import that nothing has used yet: `from path import name`, or `import path` when there is no name."""

    path: str
    name: str | None
    importer: SourceFile


@dataclass(eq=False, slots=True)
class Either:
    """One of several values, from branches that could not be decided."""

    options: tuple[Any, ...]


@dataclass(eq=False, slots=True)
class Scope:
    """The variables of a module, class body, function call or comprehension."""

    file: SourceFile
    parent: Scope | None
    name: str = ""
    piece: Slice | None = None
    """The slice of the file whose code runs in this scope: where its nodes have their positions."""
    variables: ADict = field(default_factory=ADict)
    outer: dict[str, Scope] = field(default_factory=dict)
    """Names declared `global` or `nonlocal`, with the scope that holds them."""
    is_class: bool = False
    is_comprehension: bool = False
    activation: Activation | None = None


@dataclass(eq=False, slots=True)
class Activation:
    """One running call of a function."""

    function: Function | None
    self_value: Any = None
    returned: list[Any] = field(default_factory=list)
    """Values that may have been returned before the end, in branches that could not be decided."""
    yielded: list[Any] | None = None


@dataclass(eq=False, slots=True)
class Function:
    """A function or lambda of the project."""

    node: cst.FunctionDef | cst.Lambda
    scope: Scope
    name: str
    qualname: str
    defaults: dict[str, Any]
    owner: Class | None = None
    kind: str = "function"
    """function, static, class, property, or setter."""
    no_grad: bool = False
    """Decorated with `@torch.no_grad()`."""
    attributes: ADict = field(default_factory=ADict)

    @property
    def _later(self) -> Body | None:
        return self.scope.piece.body_of(self.node) if self.scope.piece is not None else None

    @property
    def body(self) -> cst.BaseSuite | cst.BaseExpression:
        """Its code, parsed by now; empty, with a problem, where LibCST cannot parse it."""
        later = self._later
        return later.suite if later is not None else self.node.body

    @property
    def problem(self) -> str:
        """Why its body could not be parsed."""
        later = self._later
        return later.problem if later is not None else ""

    @property
    def piece(self) -> Slice | None:
        """The piece of the file in which the nodes of its body have their positions."""
        return self._later or self.scope.piece

    @property
    def names(self) -> frozenset[str]:
        """Every name that occurs in its body, attribute names too."""
        later = self._later
        return later.names if later is not None else names_of(self.node.body)


@dataclass(eq=False, slots=True)
class Bound:
    """A method together with its object."""

    function: Any
    self_value: Any


@dataclass(eq=False, slots=True)
class Native:
    """A function whose meaning the interpreter knows."""

    name: str
    call: Callable[[Interpreter, list[Any], dict[str, Any]], Any]


@dataclass(eq=False, slots=True)
class Partial:
    """`functools.partial(function, *args, **kwargs)`."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    attributes: ADict = field(default_factory=ADict)


@dataclass(eq=False, slots=True)
class Super:
    """`super()`: the rest of the method resolution order of `self_value` behind `after`."""

    after: Class
    self_value: Any


@dataclass(eq=False, slots=True)
class Class:
    """A class of the project. `mro` holds Class and External values (and Unknown bases)."""

    name: str
    bases: tuple[Any, ...]
    namespace: ADict
    file: SourceFile
    node: cst.ClassDef | None
    mro: tuple[Any, ...] = ()
    fields: dict[str, Any] | None = None
    """Field names with defaults, for dataclasses and NamedTuples (`MISSING` where there is none)."""
    members: ADict | None = None
    """The members of an Enum, by name."""

    def external_bases(self) -> list[str]:
        return [base.name for base in self.mro if isinstance(base, External)]


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the project that is not a module."""

    cls: Class
    attributes: ADict = field(default_factory=ADict)


@dataclass(eq=False)
class Module:
    """A module object: of a class of the project, or one of torch's own (`cls` is then External).

    `operator` is the template of a leaf; `children` and `parameters` are what PyTorch registers, by name.
    """

    cls: Class | External
    layer: Layer
    attributes: ADict = field(default_factory=ADict)
    children: ADict = field(default_factory=ADict)
    parameters: ADict = field(default_factory=ADict)
    buffers: ADict = field(default_factory=ADict)
    operator: Operator | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    """A leaf's bound constructor arguments."""
    tainted: Unknown | None = None
    """Why it may hold more parameters than are seen."""
    called: bool = False
    in_eval: bool = False

    @property
    def container(self) -> str | None:
        """Sequential, ModuleList, ModuleDict, ParameterList or ParameterDict, for these and classes derived from them."""
        names = [self.cls.name] if isinstance(self.cls, External) else self.cls.external_bases()
        for name in names:
            if name in CONTAINERS:
                return name.rpartition(".")[2]
        return None


CONTAINERS = frozenset(f"torch.nn.{name}" for name in ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"))


@dataclass(eq=False, slots=True)
class Tensor:
    """A symbolic tensor: the result of an operator."""

    operator: Operator

    @property
    def shape(self) -> Shape | None:
        return self.operator.shape


@dataclass(eq=False, slots=True)
class ParameterValue:
    """A learned tensor as a value; reading it in an expression gives a `Weight` operator."""

    parameter: Parameter
    owner: Module | None = None


@dataclass(eq=False, slots=True)
class Several:
    """An iterable of tensors whose number is not known (`x.chunk(n)`)."""

    operator: Operator


@dataclass(eq=False, slots=True)
class LoaderValue:
    """A `DataLoader`; iterating it gives batches."""

    loader: Loader
    augmentations: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class OptimizerValue:
    """A `torch.optim` optimizer."""

    optimizer: Optimizer
    attributes: ADict = field(default_factory=ADict)


@dataclass(eq=False, slots=True)
class Dataset:
    """A data set or a random transform made by a library: its length where known, and the random transforms in it."""

    samples: int | Unknown | None
    augmentations: tuple[str, ...] = ()


class UnknownShape(Unknown):
    """The shape of a tensor of unknown rank; its elements are numbers."""

    __slots__ = ()


class Enumerated(Unknown):
    """`enumerate(inner)` where the elements of `inner` are not known."""

    __slots__ = ("inner",)
    inner: Any

    def __init__(self, inner: Any) -> None:
        Unknown.__init__(self, "the elements of something unknown")
        object.__setattr__(self, "inner", inner)


class Missing:
    """The default of a field that has none."""


MISSING = Missing()


def members(value: Any) -> Sequence[Any]:
    """The alternatives of a value: those of an Either, or the value alone."""
    return value.options if isinstance(value, Either) else (value,)
