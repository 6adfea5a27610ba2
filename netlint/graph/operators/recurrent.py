"""Recurrent layers and cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlint.graph.operator import Operator
from netlint.graph.unknown import Bool, Float, Int, Unknown


@dataclass(eq=False, kw_only=True)
class Recurrent(Operator):
    """`torch.nn.RNN`, `LSTM` or `GRU` (`kind`). Gives (output, state); an LSTM's state is a pair."""

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


@dataclass(eq=False, kw_only=True)
class RecurrentCell(Operator):
    """One step of a recurrence (`RNNCell`, `LSTMCell`, `GRUCell`; `kind` is RNN, LSTM or GRU)."""

    weighted: ClassVar[bool] = True
    kind: str
    input_size: Int
    hidden_size: Int
    bias: Bool = True
    nonlinearity: str | Unknown = "tanh"
