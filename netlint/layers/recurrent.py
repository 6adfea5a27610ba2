"""One step of a recurrence. Inputs are x and the state: h, and c for an LSTM (zeros where they are left out)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netlint.layers.activations import sigmoid
from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace

Back = Callable[..., Gradients]
"""Takes the gradients of a, of b, what h gets besides, and of further inputs."""


@dataclass(frozen=True)
class RecurrentCell(ReferenceLayer):
    """`RNNCell`, `LSTMCell` or `GRUCell` (`kind`), with a = W_ih x + b_ih and b = W_hh h + b_hh, cut into gates:

    RNN h' = tanh(a + b), or max(0, a + b);
    LSTM i, f, o = sigma, g = tanh of the parts of a + b; c' = f c + i g, h' = o tanh(c') (Hochreiter 1997; order i, f, g, o);
    GRU r, z = sigma(a + b), n = tanh(a_n + r b_n), h' = (1 - z) n + z h (arXiv 1406.1078; order r, z, n).

    >>> import numpy as np
    >>> parameters = {"weight_ih": np.ones((1, 1)), "weight_hh": np.ones((1, 1))}
    >>> RecurrentCell(kind="RNN", nonlinearity="relu").forward((np.array([[2.0]]), np.array([[3.0]])), parameters).output
    array([[5.]])
    """

    kind: str
    nonlinearity: str = "tanh"

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, *state = inputs
        xp = namespace(x)
        weights = parameters["weight_ih"], parameters["weight_hh"]
        hidden = weights[1].shape[1]
        blank = xp.zeros((*x.shape[:-1], hidden), dtype=x.dtype, device=x.device)
        h = state[0] if state else blank
        a = x @ xp.matrix_transpose(weights[0]) + parameters.get("bias_ih", 0.0)
        b = h @ xp.matrix_transpose(weights[1]) + parameters.get("bias_hh", 0.0)

        def back(da: Array, db: Array, dh: Array | float, *others: Array) -> Gradients:
            rows = [xp.reshape(part, (-1, part.shape[-1])) for part in (da, db, x, h)]
            learned = {"weight_ih": xp.matrix_transpose(rows[0]) @ rows[2], "weight_hh": xp.matrix_transpose(rows[1]) @ rows[3]}
            sums = {"bias_ih": xp.sum(rows[0], axis=0), "bias_hh": xp.sum(rows[1], axis=0)}
            learned |= {name: values for name, values in sums.items() if name in parameters}
            return Gradients((da @ weights[0], db @ weights[1] + dh, *others)[: len(inputs)], learned)

        def parts(values: Array) -> list[Array]:
            return [values[..., start : start + hidden] for start in range(0, values.shape[-1], hidden)]

        match self.kind:
            case "RNN":
                return self._simple(a + b, back, xp)
            case "LSTM":
                return self._long(parts(a + b), state[1] if len(state) > 1 else blank, back, xp)
            case "GRU":
                return self._gated(parts(a), parts(b), h, back, xp)
        raise ValueError(f"a recurrence of kind {self.kind!r}")

    def _simple(self, total: Array, back: Back, xp: Any) -> Step:
        if self.nonlinearity == "relu":
            y = xp.where(total <= 0, 0 * total, total)
            slope = xp.astype(total > 0, total.dtype)
        else:
            y = xp.tanh(total)
            slope = 1 - y * y
        return Step((y,), lambda g: back(g * slope, g * slope, 0.0))

    def _long(self, gates: list[Array], c: Array, back: Back, xp: Any) -> Step:
        i, f, o = (sigmoid(gates[place]) for place in (0, 1, 3))
        candidate = xp.tanh(gates[2])
        cell = f * c + i * candidate
        bent = xp.tanh(cell)

        def pull(g: Array, g_cell: Array | None = None) -> Gradients:
            g = xp.zeros_like(bent) if g is None else g
            dc = g * o * (1 - bent * bent) + (0.0 if g_cell is None else g_cell)
            slopes = dc * candidate * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - candidate * candidate), g * bent * o * (1 - o)
            total = xp.concat(slopes, axis=-1)
            return back(total, total, 0.0, dc * f)

        return Step((o * bent, cell), pull)

    def _gated(self, a: list[Array], b: list[Array], h: Array, back: Back, xp: Any) -> Step:
        r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
        n = xp.tanh(a[2] + r * b[2])

        def pull(g: Array) -> Gradients:
            dn = g * (1 - z) * (1 - n * n)
            dr = dn * b[2] * r * (1 - r)
            dz = g * (h - n) * z * (1 - z)
            return back(xp.concat((dr, dz, dn), axis=-1), xp.concat((dr, dz, dn * r), axis=-1), g * z)

        return Step(((1 - z) * n + z * h,), pull)
