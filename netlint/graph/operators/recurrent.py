"""Recurrent layers and cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.parameter import optional
from netlint.graph.shapes import product, rank_conflict, size_conflict
from netlint.graph.unknown import Bool, Float, Int, Shape, Unknown, when_known

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
"""How many linear maps of input and state one step computes, by kind."""
MAX_LAYERS = 1000
"""Layers of one recurrent network whose parameters are listed."""


@dataclass(eq=False, kw_only=True)
class Recurrent(Operator):
    """`torch.nn.RNN`, `LSTM` or `GRU` (`kind`). Gives (output, state); an LSTM's state is a pair.

    The results by index: 0 the output of the last layer, 1 the last hidden state, 2 the last cell state (LSTM).
    """

    weighted: ClassVar[bool] = True
    kind: str
    input_size: Int
    hidden_size: Int
    num_layers: Int = 1
    bias: Bool = True
    batch_first: Bool = False
    dropout: Float = 0.0
    bidirectional: Bool = False
    proj_size: Int = 0
    nonlinearity: str | Unknown = "tanh"

    @property
    def name(self) -> str:
        return self.kind

    @property
    def directions(self) -> Int:
        """2 when it also reads the sequence backwards."""
        return when_known(lambda both_ways: 2 if both_ways else 1, self.bidirectional)

    @property
    def state_size(self) -> Int:
        """The width of the hidden state of one direction: the projection's, if there is one."""
        return when_known(lambda projected, hidden: projected if projected > 0 else hidden, self.proj_size, self.hidden_size)

    def parameter_shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        depth = self.num_layers if isinstance(self.num_layers, Unknown) or self.num_layers <= MAX_LAYERS else Unknown("the many layers")
        if isinstance(depth, Unknown):
            shapes["weight_ih_l1"] = (depth,)  # whether there is one, and how many follow it, is what is not known
        for layer in range(depth if isinstance(depth, int) else 1):
            shapes |= self._layer_shapes(f"l{layer}", first=layer == 0)
            backward = self._layer_shapes(f"l{layer}_reverse", first=layer == 0)
            shapes |= optional(self.bidirectional, **backward)
        return shapes

    def _layer_shapes(self, suffix: str, first: bool) -> dict[str, Shape]:
        rows = product((GATES[self.kind], self.hidden_size))
        width = self.input_size if first else product((self.directions, self.state_size))
        shapes: dict[str, Shape] = {f"weight_ih_{suffix}": (rows, width), f"weight_hh_{suffix}": (rows, self.state_size)}
        shapes |= optional(self.bias, **{f"bias_ih_{suffix}": (rows,), f"bias_hh_{suffix}": (rows,)})
        projected = when_known(lambda size: size > 0, self.proj_size)
        return shapes | optional(projected, **{f"weight_hr_{suffix}": (self.proj_size, self.hidden_size)})

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        shape = inputs[0] if inputs else None
        return rank_conflict(self.name, shape, (2, 3)) or size_conflict(self.name, shape, -1, self.input_size, "features a step")

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not inputs or inputs[0] is None or self.conflict(inputs) is not None:
            return None
        return (*inputs[0][:-1], product((self.directions, self.state_size)))

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if index == 0:
            return self.infer(inputs)
        if index not in (1, 2) or not inputs or inputs[0] is None:
            return None
        width = self.state_size if index == 1 else self.hidden_size
        return (product((self.directions, self.num_layers)), *self._batch(inputs[0]), width)

    def _batch(self, shape: Shape) -> Shape:
        """The batch dimension of an input, if it has one."""
        if len(shape) < 3:
            return ()
        if isinstance(self.batch_first, Unknown):
            return (Unknown(self.batch_first.reason),)
        return shape[:1] if self.batch_first else shape[1:2]


@dataclass(eq=False, kw_only=True)
class RecurrentCell(Operator):
    """One step of a recurrence (`RNNCell`, `LSTMCell`, `GRUCell`; `kind` is RNN, LSTM or GRU)."""

    weighted: ClassVar[bool] = True
    kind: str
    input_size: Int
    hidden_size: Int
    bias: Bool = True
    nonlinearity: str | Unknown = "tanh"

    @property
    def name(self) -> str:
        return f"{self.kind}Cell"

    def parameter_shapes(self) -> dict[str, Shape]:
        rows = product((GATES[self.kind], self.hidden_size))
        weights: dict[str, Shape] = {"weight_ih": (rows, self.input_size), "weight_hh": (rows, self.hidden_size)}
        return weights | optional(self.bias, bias_ih=(rows,), bias_hh=(rows,))

    def conflict(self, inputs: tuple[Shape | None, ...]) -> str | None:
        return size_conflict(self.name, inputs[0] if inputs else None, -1, self.input_size, "features a step")

    def infer(self, inputs: tuple[Shape | None, ...]) -> Shape | None:
        if not inputs or not inputs[0] or self.conflict(inputs) is not None:
            return None
        return (*inputs[0][:-1], self.hidden_size)

    def infer_result(self, index: int | str, inputs: tuple[Shape | None, ...]) -> Shape | None:
        return self.infer(inputs) if index in (0, 1) else None
