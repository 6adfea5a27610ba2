"""The base of all operators: one application of a mathematical operation in a network."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from netlint.graph.parameter import Layer
from netlint.graph.provenance import Site
from netlint.graph.unknown import Bool, Shape, Unknown

O = TypeVar("O", bound="Operator")  # noqa: E741


@dataclass(eq=False, kw_only=True)
class Operator:
    """One application of an operation. Identity is what counts; attributes are the operation's own arguments.

    The first group of fields says where it stands in the network: `inputs` (the operators whose results it reads, in
    argument order), `layer` (the module object that is applied; None for a functional call), `site` (where it is
    applied: the call in `forward`, or the layer's constructor when a container applies it), `scope` (the innermost user
    module or container in whose forward it is applied) and `shape` (of its result; None if the rank is unknown).
    `inplace` is True when it overwrites its first input. `further` has the options of the call that no field tells and that are not
    at their defaults: no rule needs them, but two operators that differ in one are not the same.
    """

    inputs: tuple[Operator, ...] = field(default=(), repr=False)  # a repr that followed them would print the whole network
    layer: Layer | None = field(default=None, repr=False)
    site: Site | None = field(default=None, repr=False)
    scope: Layer | None = field(default=None, repr=False)
    shape: Shape | None = None
    inplace: bool | Unknown = False
    further: tuple[tuple[str, object], ...] = field(default=(), repr=False)

    keeps_shape: ClassVar[bool] = False
    """The result has the shape of the first input."""
    elementwise: ClassVar[bool] = False
    """Each output element depends on one element of each (broadcast) input at the same position."""
    weighted: ClassVar[bool] = False
    """Counts as one layer of depth: a learned linear map."""
    random_in_training: ClassVar[bool] = False
    """Draws random numbers in training mode."""
    stateful_in_training: ClassVar[bool] = False
    """Updates buffers in training mode."""

    @property
    def name(self) -> str:
        """The operator's name as shown to users: the class name unless a subclass is more exact (`Conv2d`)."""
        return type(self).__name__

    @property
    def path(self) -> str:
        """The module path of the applied layer, or of the module in whose forward it is called."""
        if self.layer is not None:
            return self.layer.path
        return self.scope.path if self.scope is not None else ""

    @property
    def monotone(self) -> Bool:
        """Non-decreasing in its first input, element by element."""
        return False

    @property
    def commutes_with_max(self) -> Bool:
        """f(max(x, y)) = max(f(x), f(y)): the same non-decreasing function is applied to every element of a channel.

        A function that draws its parameters for each element anew (RReLU) does not commute while training.
        """
        return self.monotone if self.elementwise and not self.random_in_training else False

    def parameter_shapes(self) -> dict[str, Shape]:
        """The shapes of the learned parameters by state_dict key, from the operator's arguments.

        A parameter that exists or not by an unknown option has that Unknown in its shape, so that no count is wrong.
        """
        return {}

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        """The shape of the (first) result from the shapes of the inputs.

        None if not even the rank is known, and also if the inputs do not fit the operator (see `conflict`).
        """
        return inputs[0] if self.keeps_shape and inputs and self.conflict(inputs) is None else None

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        """The shape of one result of an operator that gives several (see `Select`)."""
        return None

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        """A sentence when known sizes of the inputs contradict the operator's arguments."""
        return None

    def apply(self: O, *inputs: Operator, **where: object) -> O:
        """A copy of this template that stands in a graph and reads `inputs`."""
        node = copy(self)
        node.inputs = inputs
        for key, value in where.items():
            setattr(node, key, value)
        return node
