"""Recurrent layers and cells."""

from __future__ import annotations

from netlint.frontends.torch_api.spec import LayerSpec, Structure
from netlint.frontends.torch_api.template import template
from netlint.graph.operator import Operator
from netlint.graph.operators import Recurrent, RecurrentCell

_CALL = "input, hx=None"
_OPERANDS = ("input", "hx")
_REST = "bias=True, batch_first=False, dropout=0.0, bidirectional=False"
_CELL = "input_size, hidden_size, bias=True"


def _results(layer: Operator) -> Structure:
    """`output, h`, or `output, (h, c)` for an LSTM."""
    return (0, (1, 2)) if isinstance(layer, Recurrent) and layer.kind == "LSTM" else (0, 1)


LAYERS: dict[str, LayerSpec] = {
    "torch.nn.RNN": LayerSpec(
        f"input_size, hidden_size, num_layers=1, nonlinearity='tanh', {_REST}, device=None, dtype=None",
        template(Recurrent, kind="RNN"),
        _CALL,
        _OPERANDS,
        _results,
    ),
    "torch.nn.LSTM": LayerSpec(
        f"input_size, hidden_size, num_layers=1, {_REST}, proj_size=0, device=None, dtype=None",
        template(Recurrent, kind="LSTM"),
        _CALL,
        _OPERANDS,
        _results,
    ),
    "torch.nn.GRU": LayerSpec(
        f"input_size, hidden_size, num_layers=1, {_REST}, device=None, dtype=None",
        template(Recurrent, kind="GRU"),
        _CALL,
        _OPERANDS,
        _results,
    ),
    "torch.nn.RNNCell": LayerSpec(
        f"{_CELL}, nonlinearity='tanh', device=None, dtype=None", template(RecurrentCell, kind="RNN"), _CALL, _OPERANDS
    ),
    "torch.nn.LSTMCell": LayerSpec(
        f"{_CELL}, device=None, dtype=None", template(RecurrentCell, kind="LSTM"), _CALL, _OPERANDS, lambda _: (0, 1)
    ),
    "torch.nn.GRUCell": LayerSpec(f"{_CELL}, device=None, dtype=None", template(RecurrentCell, kind="GRU"), _CALL, _OPERANDS),
}
