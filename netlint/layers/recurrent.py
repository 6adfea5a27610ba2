"""One step of a recurrence, and a recurrence over a sequence. Inputs are x and the state: h, and c for an LSTM (zeros where left out)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netlint.layers.activations import sigmoid
from netlint.layers.layer import EVALUATION, Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace

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


@dataclass(frozen=True)
class Recurrent(ReferenceLayer):
    """`RNN`, `LSTM` or `GRU`: a cell over the steps of a sequence, `num_layers` times over, and in both directions if `bidirectional`.

    Inputs are the sequence, (length, batch, width), (batch, length, width) if `batch_first`, or (length, width), and the first state of
    each layer and direction (zeros where it is left out). Gives the last layer's outputs, both directions side by side, and the last
    states. The backward pass goes through time in reverse. Without dropout and without projections.

    >>> import numpy as np
    >>> parameters = {"weight_ih_l0": np.ones((1, 1)), "weight_hh_l0": np.ones((1, 1))}
    >>> x = np.array([[1.0], [2.0], [3.0]])
    >>> Recurrent(kind="RNN", nonlinearity="relu").forward((x,), parameters).output[:, 0]
    array([1., 3., 6.])
    """

    kind: str
    num_layers: int = 1
    batch_first: bool = False
    bidirectional: bool = False
    nonlinearity: str = "tanh"

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        x, *given = inputs
        xp = namespace(x)
        alone, swapped = x.ndim == 2, x.ndim == 3 and self.batch_first
        sequence = xp.expand_dims(x, axis=1) if alone else xp.permute_dims(x, (1, 0, 2)) if swapped else x
        steps = [sequence[time, ...] for time in range(sequence.shape[0])]
        starts = [xp.expand_dims(state, axis=1) if alone else state for state in given] or self._blank(sequence, parameters)
        suffixes = ("", "_reverse") if self.bidirectional else ("",)
        layers: list[list[_Pass]] = []
        for layer in range(self.num_layers):
            passes: list[_Pass] = []
            for suffix in suffixes:
                place = layer * len(suffixes) + len(passes)
                names = {name: f"{name}_l{layer}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
                cell = RecurrentCell(self.kind, self.nonlinearity)
                passes.append(_Pass.over(cell, steps, [state[place, ...] for state in starts], names, parameters, bool(suffix)))
            steps = [xp.concat([one.outputs[time] for one in passes], axis=-1) for time in range(len(steps))]
            layers.append(passes)

        def outside(values: Array) -> Array:
            return values[:, 0, :] if alone else xp.permute_dims(values, (1, 0, 2)) if swapped else values

        def pull(g: Array | None, *ends: Array | None) -> Gradients:
            width = steps[0].shape[-1] // len(suffixes)
            inner = g if g is None or not (alone or swapped) else xp.expand_dims(g, axis=1) if alone else xp.permute_dims(g, (1, 0, 2))
            arriving = [xp.zeros_like(step) if inner is None else inner[time, ...] for time, step in enumerate(steps)]
            ending = [xp.expand_dims(end, axis=1) if alone and end is not None else end for end in ends]
            learned: dict[str, Array] = {}
            first: dict[int, tuple[Array, ...]] = {}
            for layer in reversed(range(self.num_layers)):
                below: list[Array] = []
                for place, one in enumerate(layers[layer]):
                    number = layer * len(suffixes) + place
                    mine = [value[..., place * width : (place + 1) * width] for value in arriving]
                    last = [None if end is None else end[number, ...] for end in (*ending, None, None)]
                    back, first[number] = one.back(mine, last, learned)
                    below = [other + value for other, value in zip(below, back, strict=True)] if below else back
                arriving = below
            states = [xp.stack([first[number][which] for number in sorted(first)], axis=0) for which in range(len(starts))]
            whole = outside(xp.stack(arriving, axis=0))
            return Gradients((whole, *(state[:, 0, :] if alone else state for state in states))[: len(inputs)], learned)

        finals = [xp.stack([one.final[which] for passes in layers for one in passes], axis=0) for which in range(len(starts))]
        return Step((outside(xp.stack(steps, axis=0)), *(final[:, 0, :] if alone else final for final in finals)), pull)

    def _blank(self, sequence: Array, parameters: Parameters) -> list[Array]:
        """First states of zeros."""
        count = self.num_layers * (2 if self.bidirectional else 1)
        shape = (count, sequence.shape[1], parameters["weight_hh_l0"].shape[1])
        blank = namespace(sequence).zeros(shape, dtype=sequence.dtype, device=sequence.device)
        return [blank, blank] if self.kind == "LSTM" else [blank]


@dataclass
class _Pass:
    """One direction of one layer, over a whole sequence: what each step gave, in the order of time."""

    steps: list[Step]
    names: dict[str, str]
    backwards: bool
    final: tuple[Array, ...]

    @classmethod
    def over(
        cls, cell: RecurrentCell, sequence: list[Array], state: list[Array], names: dict[str, str], parameters: Parameters, backwards: bool
    ) -> _Pass:
        own = {name: parameters[key] for name, key in names.items() if key in parameters}
        steps: list[Step] = []
        current = tuple(state)
        for x in reversed(sequence) if backwards else sequence:
            steps.append(cell.apply((x, *current), own, EVALUATION))
            current = steps[-1].outputs
        return cls(steps[::-1] if backwards else steps, names, backwards, current)

    @property
    def outputs(self) -> list[Array]:
        return [step.output for step in self.steps]

    def back(self, arriving: list[Array], last: list[Array | None], learned: dict[str, Array]) -> tuple[list[Array], tuple[Array, ...]]:
        """The gradients of the inputs, in the order of time, and of the first state; those of the weights are added to `learned`."""
        state: tuple[Array | None, ...] = tuple(last[: len(self.final)])
        found: list[Array] = []
        order = range(len(self.steps)) if self.backwards else reversed(range(len(self.steps)))
        for time in order:
            here = arriving[time] if state[0] is None else arriving[time] + state[0]
            gradients = self.steps[time].pull(here, *state[1:])
            found.append(gradients.inputs[0])
            state = gradients.inputs[1:]
            for name, value in gradients.parameters.items():
                key = self.names[name]
                learned[key] = learned[key] + value if key in learned else value
        return (found if self.backwards else found[::-1]), state
