"""Reference layers: forward and backward passes written straight from their equations, on any array API library.

`reference(operator)` gives the layer of an operator of a graph. This package, and no other of netlint, imports NumPy.
"""

from netlint.layers.layer import EVALUATION, NOTHING, Array, Context, Gradient, Gradients, Parameters, ReferenceLayer, Step
from netlint.layers.registry import penalty, reference

__all__ = [
    "EVALUATION",
    "NOTHING",
    "Array",
    "Context",
    "Gradient",
    "Gradients",
    "Parameters",
    "ReferenceLayer",
    "Step",
    "penalty",
    "reference",
]
