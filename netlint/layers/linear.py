"""Linear maps and tables of vectors."""

from __future__ import annotations

from dataclasses import dataclass

from netlint.layers.layer import Array, Context, Gradients, Parameters, ReferenceLayer, Step, namespace


@dataclass(frozen=True)
class Linear(ReferenceLayer):
    """y = x W^T + b over the last dimension; dx = g W, dW = g^T x, db = sum g. The bias is added if it is given.

    >>> import numpy as np
    >>> parameters = {"weight": np.array([[1.0, 2.0]]), "bias": np.array([0.5])}
    >>> step = Linear().forward((np.array([[3.0, 4.0]]),), parameters)
    >>> print(step.output, step.backward(np.ones((1, 1))).inputs[0])
    [[11.5]] [[1. 2.]]
    """

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (x,) = inputs
        weight = parameters["weight"]
        xp = namespace(x, weight)
        y = x @ xp.matrix_transpose(weight)
        if "bias" in parameters:
            y = y + parameters["bias"]

        def pull(g: Array) -> Gradients:
            rows, columns = weight.shape
            g2, x2 = xp.reshape(g, (-1, rows)), xp.reshape(x, (-1, columns))
            learned = {"weight": xp.matrix_transpose(g2) @ x2}
            if "bias" in parameters:
                learned["bias"] = xp.sum(g2, axis=0)
            return Gradients((g @ weight,), learned)

        return Step((y,), pull)


@dataclass(frozen=True)
class Bilinear(ReferenceLayer):
    """y_k = x1^T A_k x2 + b_k over the last dimensions; dx1 = sum_k g_k A_k x2, dx2 = sum_k g_k A_k^T x1, dA_k = sum g_k x1 x2^T.

    >>> import numpy as np
    >>> Bilinear().forward((np.array([[2.0]]), np.array([[3.0]])), {"weight": np.array([[[5.0]]])}).output
    array([[30.]])
    """

    arity = 2

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        first, second = inputs
        weight = parameters["weight"]
        xp = namespace(first, second, weight)
        rows = xp.reshape(first, (-1, first.shape[-1]))
        columns = xp.reshape(second, (-1, second.shape[-1]))
        # [k, sample, j] = sum_i x1[sample, i] A[k, i, j]
        half = xp.matmul(rows, weight)
        y = xp.matrix_transpose(xp.sum(half * columns, axis=-1))
        if "bias" in parameters:
            y = y + parameters["bias"]

        def pull(g: Array) -> Gradients:
            each = xp.expand_dims(xp.matrix_transpose(xp.reshape(g, (-1, weight.shape[0]))), axis=-1)
            learned = {"weight": xp.matmul(xp.matrix_transpose(each * rows), columns)}
            if "bias" in parameters:
                learned["bias"] = xp.sum(each[..., 0], axis=1)
            other = xp.matmul(columns, xp.matrix_transpose(weight))
            gradients = xp.sum(each * other, axis=0), xp.sum(each * half, axis=0)
            return Gradients((xp.reshape(gradients[0], first.shape), xp.reshape(gradients[1], second.shape)), learned)

        return Step((xp.reshape(y, (*first.shape[:-1], weight.shape[0])),), pull)


@dataclass(frozen=True)
class Embedding(ReferenceLayer):
    """y = W[i]: rows of a table by integer index; dW[i] is the sum of g over the places where i was looked up, 0 for `padding_idx`.

    >>> import numpy as np
    >>> step = Embedding().forward((np.array([1, 1]),), {"weight": np.array([[1.0], [2.0]])})
    >>> print(step.output[:, 0], step.backward(np.ones((2, 1))).parameters["weight"][:, 0])
    [2. 2.] [0. 2.]
    """

    padding_idx: int | None = None

    def apply(self, inputs: tuple[Array, ...], parameters: Parameters, context: Context) -> Step:
        (indices,) = inputs
        weight = parameters["weight"]
        xp = namespace(indices, weight)
        flat = xp.reshape(indices, (-1,))

        def pull(g: Array) -> Gradients:
            rows = xp.reshape(g, (flat.shape[0], weight.shape[1]))
            total = xp.zeros_like(weight)
            padding = None if self.padding_idx is None else self.padding_idx % weight.shape[0]
            for index in map(int, xp.unique_values(flat)):
                if index != padding:
                    total[index, :] = xp.sum(rows[flat == index, :], axis=0)
            return Gradients((None,), {"weight": total})

        return Step((xp.reshape(xp.take(weight, flat, axis=0), (*indices.shape, weight.shape[1])),), pull)
